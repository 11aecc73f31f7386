"""Commands of a member that names its imports are forked, a changed copy's from a server of its own."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.members import Member, find_members, run_command
from trivet_lab.settings import lab_settings
from trivet_lab.topologies.starters import Starters
from trivet_platform import Child, Starter, Supervisor, execute


@pytest.fixture
def inventory() -> Member:
    return find_members(lab_settings().root)["inventory"]


def test_a_member_that_names_no_import_is_executed(inventory: Member, supervisor: Supervisor) -> None:
    plain = dataclasses.replace(inventory, preload=[])
    starters = Starters(supervisor, [plain])
    assert starters.parts == []
    assert starters.of(plain) is execute


def test_its_commands_are_forked_and_a_changed_copys_by_another(
    inventory: Member, supervisor: Supervisor, tmp_path: Path
) -> None:
    starters = Starters(supervisor, [inventory])
    [server] = starters.parts
    supervisor.start(server)
    assert starters.of(inventory) is server
    assert starters.of(inventory, {"TRIVET_INVENTORY_STRATEGY": "naive"}) is server

    shutil.copytree(inventory.folder / "src", tmp_path / "src")
    line = tmp_path / "src" / "trivet_inventory" / "entrypoints" / "cli.py"
    text = line.read_text()
    assert text.count('cyclopts.App(name="trivet-inventory", help="') == 1
    line.write_text(text.replace('name="trivet-inventory", help="', 'name="trivet-inventory", help="Changed: '))
    changed = {"PYTHONPATH": str(tmp_path / "src")}
    other = starters.of(inventory, changed)
    assert other is not server
    assert starters.of(inventory, changed | {"A": "b"}) is other

    for settings, starter, is_changed in (({}, server, False), (changed, other, True)):
        begun: list[Child] = []

        def noted(*words: Any, starter: Starter = starter, begun: list[Child] = begun) -> Child:
            begun.append(starter(*words))
            return begun[-1]

        done = run_command(["trivet-inventory", "--help"], settings, 30, noted)
        assert not isinstance(begun[0], subprocess.Popen), "it was forked"
        assert done.returncode == 0, done.stderr
        assert ("Changed: " in done.stdout) == is_changed
    starters.forget([{}, changed])
    assert other.pids == [], "a changed copy goes with its run"
    assert starters.parts == [server]
    supervisor.stop(server)
