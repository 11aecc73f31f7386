"""What the crowd did and what it was told: one line an operation, in the order in which they ended.

The shape is Jepsen's (call, return, and an outcome that may be unknown), with one difference: an operation
keeps every *attempt* that was made under its idempotency key, because only a stored answer resolves an
unknown outcome and an auditor must be able to see which attempt brought it. Times are nanoseconds of the
monotonic clock since the run began.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

SCENE = -1
"""The client of what a scenario itself asks, before its crowd comes and after: no load generator counts it."""
Outcome = Literal["ok", "fail", "unknown"]


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One request on the wire.

    ``status`` is 0 when no status line came back; ``code`` is then ``timeout`` or ``cut``, otherwise the
    problem's code, or None for a success. ``node`` is the replica that answered, as it names itself.
    """

    call_ns: int
    return_ns: int
    status: int
    code: str | None = None
    node: str | None = None
    trace: str | None = None


class Operation(msgspec.Struct, frozen=True):
    """One thing a client wanted, with all attempts under one idempotency key and how it ended.

    ``ok`` it certainly happened; ``fail`` it certainly did not; ``unknown`` it may have. ``value`` is the
    body of the last answer that decided it.
    """

    op: int
    client: int
    f: str
    args: dict[str, Any]
    key: str | None
    outcome: Outcome
    value: dict[str, Any] | None
    attempts: list[Attempt]

    @property
    def call_ns(self) -> int:
        """When the first attempt was sent: the operation cannot have taken effect before."""
        return self.attempts[0].call_ns

    @property
    def return_ns(self) -> int:
        """When the last attempt ended; an unknown operation may still take effect later."""
        return self.attempts[-1].return_ns

    @property
    def status(self) -> int:
        """The status of the last attempt, 0 if none came back."""
        return self.attempts[-1].status


_decoder = msgspec.json.Decoder(Operation)


def read_history(path: Path) -> Iterator[Operation]:
    """Yield every operation of a history, a line at a time; a torn last line raises ``msgspec.DecodeError``."""
    with path.open("rb") as lines:
        for line in lines:
            yield _decoder.decode(line)


def encode_operation(operation: Operation) -> bytes:
    """Return an operation as its line, newline included."""
    return msgspec.json.encode(operation) + b"\n"
