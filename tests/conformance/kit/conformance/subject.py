"""What the suite knows of a service: ``subjects/<name>.toml``, and the ``member.toml`` that it points to.

The suite names no service. A subject says which operations there are, gives one valid body for each and one
request for each refusal; everything else is derived.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

HERE = Path(__file__).resolve().parents[2]
ROOT = HERE.parents[1]
Test = TypeVar("Test", bound=Callable[..., None])


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request with placeholders.

    ``{fresh}`` is a new id each time, ``{unborn}`` one new id all through a test, and ``{name}`` what the set-up
    of that name made: the field ``take`` of its answer. It goes with a fresh Idempotency-Key if the operation that
    serves its path demands one.
    """

    method: str
    path: str
    body: dict[str, Any] | None = None
    status: int = 200
    take: str = "id"


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to make an operation refuse with a code.

    ``path`` and ``body`` replace the operation's own. ``mend`` are requests after which the same request would
    succeed under another key.
    """

    path: str | None = None
    body: dict[str, Any] | None = None
    mend: list[Request] = []


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to count an operation's effect: the integer at ``field`` of ``GET path`` changes by ``change``, once."""

    path: str
    field: str
    change: int


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One method on one path.

    ``key`` says whether it ignores, accepts or demands an Idempotency-Key. ``optional`` and ``nullable`` are the
    fields of the body that may be left out, or be null. ``without_database`` says that it is served while the database
    is away, from what another server remembers. ``block`` is SQL on the service's own database that
    locks what the effect needs, so that a request can be stopped half-way.
    """

    name: str
    method: str
    path: str
    status: int
    key: Literal["none", "optional", "required"] = "none"
    body: dict[str, Any] | None = None
    optional: list[str] = []
    nullable: list[str] = []
    effect: Effect | None = None
    without_database: bool = False
    block: str | None = None
    refusals: dict[str, Refusal] = {}

    def serves(self, method: str, path: str) -> bool:
        """Return whether a request of this method on this path, without its query, is one of this operation."""
        template = self.path.partition("?")[0]
        form = "[^/]+".join(re.escape(part) for part in re.split(r"\{\w+\}", template))
        return method == self.method and re.fullmatch(form, path) is not None


class Malformed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request that is well-formed HTTP and JSON but not what the operation takes: always 400."""

    method: str
    path: str
    body: Any = None


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service under test; ``environments`` are its settings by variant, each of which is run."""

    member: str
    openapi: list[str]
    body_bytes_max: int
    environments: dict[str, dict[str, str]]
    setup: dict[str, Request]
    operation: list[Operation]
    process: str = "api"
    malformed: list[Malformed] = []
    scopes: list[str] = []
    """Those that widen what others grant, and that no operation needs by itself."""

    @property
    def name(self) -> str:
        """The member's name, which is its folder's."""
        return Path(self.member).name

    @property
    def blockable(self) -> tuple[Operation, str]:
        """The first operation that can be stopped half-way, and the SQL that does it."""
        return next((operation, operation.block) for operation in self.operation if operation.block)

    def demands_key(self, method: str, path: str) -> bool:
        """Return whether the operation that serves a path demands a key: the one with the fewest placeholders."""
        plain = path.partition("?")[0]
        serving = [operation for operation in self.operation if operation.serves(method, plain)]
        found = min(serving, key=lambda operation: operation.path.count("{"), default=None)
        return found is not None and found.key == "required"

    @property
    def contract(self) -> Path:
        """The committed OpenAPI document."""
        return ROOT / "contracts" / "openapi" / f"{self.name}.json"


def subjects() -> list[Subject]:
    """Return every subject; adding one adds a file."""
    files = sorted((HERE / "subjects").glob("*.toml"))
    return [msgspec.toml.decode(file.read_bytes(), type=Subject) for file in files]


def about(condition: Callable[[Operation], bool]) -> Callable[[Test], Test]:
    """Run a test on those operations alone for which the condition holds."""

    def mark(test: Test) -> Test:
        vars(test)["about"] = condition  # conftest.py asks for it
        return test

    return mark
