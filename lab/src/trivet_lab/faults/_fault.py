"""What a fault is: something done to one part, a probe that sees whether it really happened, and its end."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from trivet_platform import Conditions, Part


class FaultError(Exception):
    """A fault cannot be done to this part, or with this argument; one sentence for people."""


class Seen(NamedTuple):
    """What a probe saw: whether the fault is in effect, and the words for it."""

    in_effect: bool
    saw: str


@dataclasses.dataclass(frozen=True)
class Target:
    """A part that a fault hits, under the name that every variant has for it, and how it is started again."""

    name: str
    part: Part
    start: Callable[[Part], None]
    log: Path

    @property
    def addresses(self) -> list[str]:
        """Where others were told that it is; what it offers besides, an admin's port, may move."""
        return [address for use, address in self.part.endpoints.items() if use in {"url", "tcp", "servers"}]


def moved(known: Sequence[str], now: Sequence[str]) -> str:
    """Return the end of a sentence about a part that is no longer where it was."""
    return f"came back at {', '.join(now)}, and everybody knows {', '.join(known)}"


def targets_of(parts: Mapping[str, Part], start: Callable[[Part], None], logs: Path) -> dict[str, Target]:
    """Return every part of a stage as a target, by the name that every variant has for it."""
    return {name: Target(name, part, start, logs / f"{part.name}.log") for name, part in parts.items()}


class Fault(abc.ABC):
    """One fault on one part: made once, injected once, probed often, healed once.

    A signal that was sent is no proof that anything happened. So ``inject`` only asks, and ``probe`` looks at the
    machine itself (the process table, the wire, a log) and not at anything that ``inject`` remembers to have done.
    """

    NAME: ClassVar[str]
    """The module's name."""
    PROVES: ClassVar[str]
    """What a run under it shows, for people: one sentence."""
    KINDS: ClassVar[frozenset[str] | None] = None
    """The kinds of parts that it can hit (``service``, ``valkey``, ``link``, …); None is every kind."""
    LASTS: ClassVar[bool] = True
    """Whether it is in effect until it is healed; one that does not is over as soon as it was seen."""
    PATIENCE_S: ClassVar[float | None] = 5
    """How long to wait until it is in effect; None is until the crowd ends."""

    def __init__(self, target: Target, argument: str = "") -> None:
        """Aim at one part.

        Raises:
            FaultError: it takes no such argument.
        """
        self.check_argument(argument)
        self.target = target
        self.part = target.part
        self.argument = argument

    @classmethod
    def check_argument(cls, argument: str) -> None:
        """Refuse an argument that it cannot use; most take none."""
        if argument:
            raise FaultError(f"{cls.NAME} takes no argument, not {argument!r}")

    @classmethod
    def needs(cls, argument: str) -> Conditions:
        """Return what its parts must be started under; most faults happen to any part."""
        del argument
        return Conditions()

    @classmethod
    def blocker(cls) -> str | None:
        """Return why this machine cannot do it, in one sentence for people, None if it can."""
        return None

    @abc.abstractmethod
    def inject(self) -> None:
        """Do it, or ask for it."""

    @abc.abstractmethod
    def probe(self) -> Seen:
        """Look whether it is in effect."""

    @abc.abstractmethod
    def heal(self) -> None:
        """Undo it. Does nothing to a part that is well, since a fault may have had no effect."""


def numbers(pids: list[int]) -> str:
    """Return pids for a sentence."""
    shown = ", ".join(str(pid) for pid in pids[:3])
    return f"{'process' if len(pids) == 1 else 'processes'} {shown}" + (
        f" and {len(pids) - 3} more" if len(pids) > 3 else ""
    )
