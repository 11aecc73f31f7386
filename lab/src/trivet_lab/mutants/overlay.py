"""A copy of a member with a mutant's edits, and the environment in which a service runs the copy."""

from __future__ import annotations

import dataclasses
import difflib
import time
from pathlib import Path

from trivet_lab.mutants.languages import language_of
from trivet_lab.mutants.mutant import Mutant, MutantError


@dataclasses.dataclass(frozen=True)
class Overlay:
    """A member's changed copy: whatever is started with ``environment`` is the copy instead of the member.

    ``diff`` is what differs, for people, and ``took_s`` how long it took to make. The checkout itself is never written
    to.
    """

    environment: dict[str, str]
    diff: str
    took_s: float


def lay_over(mutant: Mutant, into: Path) -> Overlay:
    """Copy the mutant's member into a folder, apply its edits there, and make sure that the copy is what runs.

    Raises:
        MutantError: an edit does not fit, the copy cannot be run, or it is not what would be.
    """
    began = time.monotonic()
    language = language_of(mutant.folder)
    try:
        language.copy(mutant.folder, into)
        language.settle(into)
        names = dict.fromkeys(edit.file for edit in mutant.edits)
        diff = [line for name in names for line in _change(mutant, name, into)]
        environment = language.environment(into)
    except MutantError as error:
        raise MutantError(f"{mutant.name}: {error}") from error
    return Overlay(environment, "".join(diff), time.monotonic() - began)


def _change(mutant: Mutant, name: str, into: Path) -> list[str]:
    path = into / name
    before = after = path.read_text()
    for edit in (edit for edit in mutant.edits if edit.file == name):
        if after.count(edit.find) != 1:
            raise MutantError(f"{edit.find!r} stands {after.count(edit.find)} times in {name}")
        after = after.replace(edit.find, edit.replace)
    path.write_text(after)
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return list(difflib.unified_diff(*lines, f"a/{name}", f"b/{name}"))
