"""Fields of a JSON object as what they must be: whatever is something else is refused, and nothing is guessed.

Each raises KeyError if the field is missing; TypeError, ValueError or InvalidOrder if it is something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from trivet_order.domain import ensure_text

_INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"


def text(found: Mapping[str, Any], name: str) -> str:
    """Return a field that is a text as an order may have it."""
    value: str = found[name]
    ensure_text(value, name)
    return value


def whole(found: Mapping[str, Any], name: str) -> int:
    """Return a field that is a whole number, from 1 to what 63 bits hold."""
    value = found[name]
    if type(value) is not int or not 1 <= value < 2**63:
        raise TypeError(f"{name} is no whole number: {value!r:.100}")
    return value


def objects(found: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return a field that is a list of objects, at least one."""
    value = found[name]
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        raise TypeError(f"{name} is no list of objects: {value!r:.100}")
    return value


def uuid(found: Mapping[str, Any], name: str) -> UUID:
    """Return a field that is a UUID in its usual spelling."""
    value = UUID(text(found, name))
    if str(value) != found[name]:
        raise ValueError(f"{name} is no UUID in its usual spelling: {found[name]:.100}")
    return value


def instant(found: Mapping[str, Any], name: str) -> datetime:
    """Return a field that is a time in UTC as :func:`written` writes it."""
    value = datetime.strptime(text(found, name), _INSTANT).replace(tzinfo=UTC)
    if written(value) != found[name]:
        raise ValueError(f"{name} is no time to the microsecond: {found[name]:.100}")
    return value


def written(moment: datetime) -> str:
    """Return a time in UTC to the microsecond: ``2026-01-31T12:00:00.000000Z``."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
