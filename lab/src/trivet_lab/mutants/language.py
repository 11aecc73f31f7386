"""What a mutant's copy of a member takes in each language: where edits may be, what is copied, how it is run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar


class Language(ABC):
    """A language that members are written in."""

    SOURCES: ClassVar[Sequence[str]]
    """The folders of a member whose files are what runs, so that an edit elsewhere would change nothing."""

    @abstractmethod
    def misfit(self, file: str) -> str | None:
        """Return why a file below the sources is none of what runs, None if it is."""

    @abstractmethod
    def copy(self, member: Path, into: Path) -> None:
        """Copy what a member is made of into a folder, each file where it stands in the member."""

    @abstractmethod
    def settle(self, into: Path) -> None:
        """Do what has to be done in a copy before its first edit."""

    @abstractmethod
    def environment(self, into: Path) -> dict[str, str]:
        """Return the environment in which the edited copy is what runs.

        Raises:
            MutantError: it cannot be run, or it is not what would run.
        """
