"""A mutant lives in a copy, and the copy is what runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from trivet_lab.mutants import Arrangement, Edit, Mutant, MutantError, lay_over
from trivet_lab.settings import child_environment, lab_settings

WHERE = Arrangement("inventory", "flash-sale", "advisory", "", {}, {})


def mutant(*edits: Edit, folder: str = "race-condition-mitigation/inventory") -> Mutant:
    return Mutant("m", "w", Path("m.toml"), lab_settings().root / folder, edits, WHERE, ("no_oversell",))


TAKE = Edit("src/trivet_inventory/sql/take_guarded.sql", " AND stock >= $2", "")


def test_who_is_started_with_it_runs_the_copy_and_the_checkout_stays_as_it_was(tmp_path: Path) -> None:
    original = lab_settings().root / "race-condition-mitigation" / "inventory" / TAKE.file
    before = original.read_text()
    overlay = lay_over(mutant(TAKE), tmp_path / "copy")
    script = "from trivet_inventory.sql import statement; print(statement('take_guarded'))"
    command = [sys.executable, "-c", script]
    environment = child_environment(overlay.environment)
    told = subprocess.run(command, env=environment, text=True, capture_output=True, check=True).stdout
    assert "WHERE id = $1\n" in told
    assert "stock >= $2" not in told
    assert "-WHERE id = $1 AND stock >= $2\n+WHERE id = $1\n" in overlay.diff
    assert original.read_text() == before


def test_a_library_is_laid_over_the_same_way(tmp_path: Path) -> None:
    edit = Edit("src/trivet_locks/ballot.py", "return nodes // 2 + 1", "return nodes // 2")
    overlay = lay_over(mutant(edit, folder="race-condition-mitigation/locks"), tmp_path / "copy")
    script = "from trivet_locks.ballot import quorum; print(quorum(5))"
    command = [sys.executable, "-c", script]
    environment = child_environment(overlay.environment)
    assert subprocess.run(command, env=environment, text=True, capture_output=True, check=True).stdout == "2\n"


def test_an_edit_that_another_one_spoilt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MutantError, match="stands 0 times"):
        lay_over(mutant(TAKE, TAKE), tmp_path / "copy")


def test_a_copy_that_nobody_would_import_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivet_lab.mutants.python.child_environment", lambda _: child_environment({}))
    with pytest.raises(MutantError, match="not from its copy"):
        lay_over(mutant(TAKE), tmp_path / "copy")
