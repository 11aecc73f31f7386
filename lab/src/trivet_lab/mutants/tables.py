"""Reads ``tests/mutants/<member>.toml``: a table a mutant.

::

    folder = "race-condition-mitigation/inventory"   # of the member that is changed
    starts = "inventory"                             # the service that is started; a library names one that uses it

    [mutant.no_guard]
    what = "…"                        # one sentence
    strategy = "advisory"             # the scenario's variant
    scenario = "flash-sale"           # if it is another one
    faults = "…"                      # if it needs some, in words
    settings = { TRIVET_… = "…" }     # of the service, if need be
    parameters = { stock = 8 }        # of the scenario, if need be
    together = ["…"]                  # mutants whose edits it has too
    caught_by = ["no_oversell"]       # or: harmless = "why, and the test that shows it", both = "no_guard_no_check"
    edit = [{ file = "src/…", find = "…", replace = "…" }]
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from trivet_lab.mutants.languages import language_of
from trivet_lab.mutants.mutant import Arrangement, Edit, Mutant, MutantError


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    what: str
    strategy: str
    edit: list[Edit] = []
    together: list[str] = []
    scenario: str = "flash-sale"
    faults: str = ""
    settings: dict[str, str] = {}
    parameters: dict[str, Any] = {}
    caught_by: list[str] = []
    harmless: str = ""
    both: str = ""


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    folder: str
    starts: str
    mutant: dict[str, _Entry]


def find_mutants(root: Path) -> dict[str, Mutant]:
    """Return every mutant of a checkout by name, in the order of their tables.

    Raises:
        MutantError: one sentence a fault, all of them: a table that is none, a mutant that nobody has to catch and
            that names no guard, an edit whose ``find`` does not stand exactly once in its file.
    """
    found: dict[str, Mutant] = {}
    faults: list[str] = []
    for path in sorted((root / "tests" / "mutants").glob("*.toml")):
        try:
            table = msgspec.convert(tomllib.loads(path.read_text()), _Table)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            faults.append(f"{path}: {error}")
            continue
        for name, entry in table.mutant.items():
            if name in found:
                faults.append(f"{path}: {name} stands in {found[name].table} too")
            found[name] = _mutant(name, entry, table, path, root)
    for mutant in found.values():
        faults += [f"{mutant.table}: {mutant.name}: {sentence}" for sentence in _faults(mutant, found)]
    if faults:
        raise MutantError("\n".join(faults))
    return found


def _mutant(name: str, entry: _Entry, table: _Table, path: Path, root: Path) -> Mutant:
    others = [edit for other in entry.together if other in table.mutant for edit in table.mutant[other].edit]
    return Mutant(
        name=name,
        what=entry.what,
        table=path,
        folder=root / table.folder,
        edits=(*others, *entry.edit),
        arrangement=Arrangement(
            table.starts, entry.scenario, entry.strategy, entry.faults, entry.settings, entry.parameters
        ),
        caught_by=tuple(entry.caught_by),
        harmless=entry.harmless,
        both=entry.both,
    )


def _faults(mutant: Mutant, known: dict[str, Mutant]) -> list[str]:
    """Return a sentence for everything that is wrong with one mutant."""
    found = [] if mutant.edits else ["it changes nothing"]
    if bool(mutant.caught_by) == bool(mutant.harmless):
        found.append("it names either who catches it, or why it is harmless")
    if mutant.harmless:
        both = known.get(mutant.both)
        if both is None or not both.caught_by or not set(mutant.edits) < set(both.edits):
            found.append("a harmless one names in `both` a mutant that is caught, with its edits and the guard's")
    return found + [sentence for edit in mutant.edits if (sentence := _misfit(mutant, edit))]


def _misfit(mutant: Mutant, edit: Edit) -> str | None:
    file = mutant.folder / edit.file
    language = language_of(mutant.folder)
    sources = [(mutant.folder / name).resolve() for name in language.SOURCES]
    if not file.is_file() or not any(file.resolve().is_relative_to(source) for source in sources):
        return f"{edit.file} is no file of the member's {' or '.join(language.SOURCES)}"
    if sentence := language.misfit(edit.file):
        return sentence
    times = file.read_text().count(edit.find)
    if edit.find == edit.replace:
        return f"{edit.find!r} is replaced by itself"
    return None if times == 1 else f"{edit.find!r} stands {times} times in {edit.file}, and must stand there once"
