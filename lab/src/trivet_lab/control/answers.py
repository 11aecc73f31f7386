"""What the control API is asked and what it answers, for the server that writes it and the client that reads it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

FOR_S_MAX = 86_400


PartState = Literal["running", "paused", "down"]


class PartStatus(msgspec.Struct, frozen=True):
    """A part as it is now; ``fault`` is the number of the fault that has it, None if none has.

    ``paused`` is a part all of whose processes are stopped, ``down`` one without any.
    """

    name: str
    kind: str
    state: PartState
    pids: list[int]
    endpoints: dict[str, str]
    fault: int | None


class Parts(msgspec.Struct, frozen=True):
    """Every part of the shop."""

    parts: list[PartStatus]


class PartChanged(msgspec.Struct, frozen=True):
    """A part after it was started or stopped; ``already`` says that there was nothing to do."""

    already: bool
    part: PartStatus


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault that somebody asks for.

    Without ``for_s`` it lasts until it is healed; ``seed`` chooses the parts if the target leaves a choice.
    """

    fault: Annotated[str, msgspec.Meta(max_length=64)]
    target: Annotated[str, msgspec.Meta(max_length=128)]
    argument: Annotated[str, msgspec.Meta(max_length=256)] = ""
    for_s: Annotated[float, msgspec.Meta(ge=0, le=FOR_S_MAX)] | None = None
    seed: int | None = None


State = Literal["asked", "in effect", "without effect", "healed", "not well"]


class BrokenPart(msgspec.Struct, frozen=True):
    """What became of a fault on one part.

    ``_ns`` count from the shop's start and are instants at which a probe saw it; None is not, or not yet.
    ``not well`` is a part that did not come back: healing it can be tried again.
    """

    part: str
    state: State
    asked_ns: int | None
    effective_ns: int | None
    healed_ns: int | None
    evidence: str


class Fault(msgspec.Struct, frozen=True):
    """A fault that was asked for, with the parts that it was aimed at."""

    id: int
    fault: str
    target: str
    argument: str
    for_s: float | None
    seed: int
    parts: list[BrokenPart]


class PossibleFault(msgspec.Struct, frozen=True):
    """What can be broken on purpose; ``hits`` are kinds of parts, empty is every kind."""

    name: str
    proves: str
    hits: list[str]


class Faults(msgspec.Struct, frozen=True):
    """What can be broken, and what is or was, the newest last."""

    possible: list[PossibleFault]
    faults: list[Fault]


class Healed(msgspec.Struct, frozen=True):
    """A fault after it was healed; ``already`` says that there was nothing to do."""

    already: bool
    fault: Fault


class HealedAll(msgspec.Struct, frozen=True):
    """All faults that this request healed."""

    faults: list[Fault]
