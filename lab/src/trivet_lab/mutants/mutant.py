"""What a mutant is: edits to a member, the run that must show them, and who catches them there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class MutantError(Exception):
    """A mutant cannot be read or applied; the sentence names its table and what is wrong."""


@dataclasses.dataclass(frozen=True)
class Edit:
    """One change: ``find`` stands exactly once in ``file``, a path below the member's folder, and is replaced."""

    file: str
    find: str
    replace: str


@dataclasses.dataclass(frozen=True)
class Arrangement:
    """The run that shows a mutant: a scenario's variant, with faults in words, and settings and sizes of its own.

    ``starts`` is the service that is started, whose settings these are.
    Two mutants of one arrangement are judged beside the same unchanged member.
    """

    starts: str
    scenario: str
    variant: str
    faults: str
    settings: Mapping[str, str]
    parameters: Mapping[str, Any]

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two arrangements the same."""
        settings, parameters = sorted(self.settings.items()), sorted(self.parameters.items())
        return (self.starts, self.scenario, self.variant, self.faults, tuple(settings), tuple(parameters))

    def __str__(self) -> str:
        return f"{self.scenario} · {self.variant}" + (f" · {self.faults}" if self.faults else "")


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A defect that is planted on purpose.

    Every checker of ``caught_by`` must find it. One that nothing may find names in ``harmless`` the guard that still
    holds and the test that shows it, and in ``both`` the mutant without that guard as well, which must be caught.
    """

    name: str
    what: str
    table: Path
    folder: Path
    edits: tuple[Edit, ...]
    arrangement: Arrangement
    caught_by: tuple[str, ...] = ()
    harmless: str = ""
    both: str = ""

    @property
    def starts(self) -> str:
        """The service that is started: the member itself, or one that uses it."""
        return self.arrangement.starts
