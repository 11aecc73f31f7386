"""The import rules hold, and each of them finds a breach that is planted in a copy of the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())
MEMBERS = CONFIGURATION["tool"]["uv"]["workspace"]["members"]
CONTRACTS = CONFIGURATION["tool"]["importlinter"]["contracts"]

# (the file that would do it, what it would import, the contract that must find it)
BREACHES = [
    ("trivet_inventory/purchases.py", "import trivet_lab", "members stand in layers"),
    ("trivet_lab/scene/edge.py", "import trivet_inventory", "members stand in layers"),
    ("trivet_locks/clock.py", "import trivet_chassis", "members stand in layers"),
    ("trivet_chassis/trace.py", "from trivet_locks import Redlock", "members stand in layers"),
    ("trivet_platform/sockets.py", "import trivet_lab.settings", "members stand in layers"),
    (
        "trivet_inventory/settings.py",
        "from trivet_platform import free_port",
        "shipped code of a service starts no servers",
    ),
    ("trivet_lab/scene/edge.py", "import trivet_chassis", "the lab speaks to services over their interfaces"),
    (
        "trivet_inventory/items.py",
        "from trivet_chassis.errors import NotFound",
        "others import the face of trivet_chassis alone",
    ),
    (
        "trivet_inventory/items.py",
        "from trivet_locks.validity import drift_ns",
        "others import the face of trivet_locks alone",
    ),
    (
        "trivet_lab/scene/edge.py",
        "from trivet_platform.sockets import free_port",
        "others import the face of trivet_platform alone",
    ),
    ("trivet_lab/checkers/no_oversell.py", "import trivet_lab.load", "checkers read a run directory and start nothing"),
    (
        "trivet_lab/evidence/results.py",
        "import trivet_lab.topologies",
        "checkers read a run directory and start nothing",
    ),
    ("trivet_inventory/database.py", "import trivet_inventory.purchases", "inside trivet_inventory"),
    ("trivet_inventory/strategies/naive.py", "import trivet_inventory.strategies.redlock", "a strategy knows no other"),
    ("trivet_lab/evidence/history.py", "import trivet_lab.cli", "inside trivet_lab"),
    ("trivet_lab/topologies/shop.py", "import trivet_lab.scenarios", "inside trivet_lab"),
    (
        "trivet_lab/verdict/measures.py",
        "import trivet_lab.load.recorder",
        "the lab imports the face of its load generator alone",
    ),
    (
        "trivet_lab/verdict/judgement.py",
        "import trivet_lab.checkers.no_oversell",
        "the lab imports the face of its checkers alone",
    ),
    ("trivet_lab/runner.py", "import trivet_lab.report.charts", "the lab imports the face of its report alone"),
    ("trivet_lab/runner.py", "import trivet_lab.evidence.history", "the lab imports the face of its evidence alone"),
    ("trivet_lab/runner.py", "import trivet_lab.members.member", "the lab imports the face of its members alone"),
    ("trivet_lab/runner.py", "import trivet_lab.verdict.judgement", "the lab imports the face of its verdict alone"),
    ("trivet_lab/runner.py", "import trivet_lab.scene.edge", "the lab imports the face of its scene alone"),
    ("trivet_chassis/problems.py", "import trivet_chassis.health", "inside trivet_chassis"),
    ("trivet_locks/ballot.py", "import trivet_locks.redlock", "inside trivet_locks"),
    ("trivet_platform/process.py", "import trivet_platform.supervisor", "inside trivet_platform"),
]


def sources() -> list[Path]:
    return [ROOT / member / "src" for member in MEMBERS]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of every member's Python, in one folder."""
    folder = tmp_path_factory.mktemp("sources")
    for source in sources():
        for package in source.iterdir():
            shutil.copytree(package, folder / package.name, ignore=lambda _, names: {"__pycache__"} & set(names))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@contextmanager
def planted(file: Path, line: str) -> Iterator[None]:
    before = file.read_text()
    file.write_text(f"{before}\n\ndef _planted() -> None:\n    {line}\n")
    try:
        yield
    finally:
        file.write_text(before)


def broken_contracts(folder: Path) -> set[str]:
    """Run import-linter on a copy and return the names of the broken contracts."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--config", folder / "pyproject.toml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1"},
        text=True,
        capture_output=True,
        check=False,
    )
    said = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    assert said.keys() == {contract["name"] for contract in CONTRACTS}, done.stdout + done.stderr
    broken = {name for name, verdict in said.items() if verdict == "BROKEN"}
    assert (done.returncode != 0) is bool(broken)
    return broken


def test_without_a_breach_every_contract_is_kept(copy: Path) -> None:
    assert broken_contracts(copy) == set()


@pytest.mark.parametrize(("file", "line", "contract"), BREACHES, ids=[f"{b[0]}: {b[1]}" for b in BREACHES])
def test_a_planted_breach_is_found(file: str, line: str, contract: str, copy: Path) -> None:
    with planted(copy / file, line):
        assert contract in broken_contracts(copy)


def test_every_contract_has_a_planted_breach() -> None:
    assert {contract["name"] for contract in CONTRACTS} == {contract for *_, contract in BREACHES}


def test_the_contracts_name_every_member() -> None:
    packages = {package.name for source in sources() for package in source.iterdir() if package.is_dir()}
    assert set(CONFIGURATION["tool"]["importlinter"]["root_packages"]) == packages
    between = next(contract for contract in CONTRACTS if contract["name"] == "members stand in layers")
    assert {name for layer in between["layers"] for name in re.split(r"\s*[|:]\s*", layer)} == packages


def test_every_member_is_in_the_workspace() -> None:
    found = {
        str(file.parent.relative_to(ROOT))
        for depth in ("*", "*/*", "*/*/*")
        for file in ROOT.glob(f"{depth}/pyproject.toml")
        if not file.relative_to(ROOT).parts[0].startswith(".")
    }
    assert found == set(MEMBERS)
    assert {f"trivet-{Path(member).name}" for member in MEMBERS} == set(CONFIGURATION["tool"]["uv"]["sources"])
