"""What a service's own audit said of its books: ``audit/<member>.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec


class AuditedRule(msgspec.Struct, frozen=True):
    """One rule of a service's own: ``observed`` things were looked at, ``offenders`` are the first that break it."""

    name: str
    rule: str
    observed: int
    proven: bool
    offenders: list[dict[str, Any]]


class Audit(msgspec.Struct, frozen=True):
    """The object that a member's ``audit`` prints."""

    proven: bool
    rules: list[AuditedRule]


class AuditRecord(msgspec.Struct, frozen=True):
    """How a member's audit ended: ``exit`` 0 is proven, 1 not, anything else that it could not tell; None is never.

    ``audit`` is None if it printed nothing that is one, and ``error`` says then what it printed instead.
    """

    command: list[str]
    exit: int | None
    audit: Audit | None
    error: str = ""


def write_audit(path: Path, record: AuditRecord) -> None:
    """Write ``audit/<member>.json`` whole or not at all, readable for a person."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    draft.replace(path)


def read_audit(path: Path) -> AuditRecord:
    """Read ``audit/<member>.json``; raises ``FileNotFoundError`` or ``msgspec.DecodeError``."""
    return msgspec.json.decode(path.read_bytes(), type=AuditRecord)
