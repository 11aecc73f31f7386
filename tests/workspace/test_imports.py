"""The import rules hold, and each of them finds a breach that is planted in a copy of the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())
MEMBERS = CONFIGURATION["tool"]["uv"]["workspace"]["members"]
CONTRACTS = CONFIGURATION["tool"]["importlinter"]["contracts"]
NAMES = {contract["name"] for contract in CONTRACTS}

# The contract, and the imports that it must find: importer and imported.
BREACHES: dict[str, list[tuple[str, str]]] = {
    "members stand in layers": [
        ("trivet_inventory.purchases", "trivet_lab"),
        ("trivet_lab.scene.edge", "trivet_inventory"),
        ("trivet_lab.scene.edge", "trivet_wallet"),
        ("trivet_wallet.books", "trivet_inventory"),
        ("trivet_order.settings", "trivet_wallet"),
        ("trivet_locks.clock", "trivet_chassis"),
        ("trivet_chassis.trace", "trivet_locks"),
        ("trivet_platform.sockets", "trivet_lab.settings"),
    ],
    "shipped code of a service starts no servers": [
        ("trivet_inventory.settings", "trivet_platform"),
        ("trivet_wallet.settings", "trivet_platform"),
        ("trivet_order.settings", "trivet_platform"),
    ],
    "the lab speaks to services over their interfaces": [
        ("trivet_lab.scene.edge", "trivet_chassis"),
    ],
    "others import the face of trivet_chassis alone": [
        ("trivet_inventory.items", "trivet_chassis.errors"),
    ],
    "others import the face of trivet_locks alone": [
        ("trivet_inventory.items", "trivet_locks.validity"),
    ],
    "others import the face of trivet_platform alone": [
        ("trivet_lab.scene.edge", "trivet_platform.sockets"),
    ],
    "checkers read a run directory and start nothing": [
        ("trivet_lab.checkers.no_oversell", "trivet_lab.load"),
        ("trivet_lab.checkers.stock_conserved", "trivet_lab.scenarios"),
        ("trivet_lab.checkers.one_row_a_key", "trivet_lab.topologies"),
        ("trivet_lab.checkers.contention", "trivet_platform"),
        ("trivet_lab.checkers.faults_effective", "trivet_lab.faults"),
    ],
    "inside trivet_inventory": [
        ("trivet_inventory.database", "trivet_inventory.purchases"),
    ],
    "a strategy knows no other": [
        ("trivet_inventory.strategies.naive", "trivet_inventory.strategies.redlock"),
    ],
    "inside trivet_wallet": [
        ("trivet_wallet.books", "trivet_wallet.teller"),
        ("trivet_wallet.services.transfers", "trivet_wallet.strategies"),
        ("trivet_wallet.ledger.kinds", "trivet_wallet.books"),
    ],
    "a strategy of the wallet knows no other": [
        ("trivet_wallet.strategies.naive", "trivet_wallet.strategies.optimistic"),
    ],
    "inside trivet_order": [
        ("trivet_order.domain.money", "trivet_order.application"),
        ("trivet_order.domain.product", "trivet_order.settings"),
        ("trivet_order.application.ports", "trivet_order.adapters.memory"),
        ("trivet_order.application.create_order", "trivet_order.failpoints"),
        ("trivet_order.adapters.memory.store", "trivet_order.bootstrap"),
        ("trivet_order.bootstrap", "trivet_order.entrypoints"),
    ],
    "the order's core is pure": [
        ("trivet_order.domain.order", "sqlalchemy"),
        ("trivet_order.domain.events", "pydantic"),
        ("trivet_order.application.messages", "msgspec"),
        ("trivet_order.application.get_order", "fastapi"),
        ("trivet_order.application.errors", "trivet_chassis"),
        ("trivet_order.application.saga.ports", "aiohttp"),
    ],
    "the order's adapters know nothing of each other": [
        ("trivet_order.adapters.memory.keys", "trivet_order.adapters.sqlalchemy"),
        ("trivet_order.adapters.sqlalchemy.tables", "trivet_order.adapters.memory"),
        ("trivet_order.adapters.memory.queries", "trivet_order.adapters.clock"),
        ("trivet_order.adapters.http.client", "trivet_order.adapters.naive"),
        ("trivet_order.adapters.naive.participants", "trivet_order.adapters.memory"),
    ],
    "inside trivet_lab": [
        ("trivet_lab.evidence.history", "trivet_lab.cli"),
        ("trivet_lab.topologies.shop", "trivet_lab.scenarios"),
    ],
    "the lab imports the face of its load generator alone": [
        ("trivet_lab.verdict.measures", "trivet_lab.load.recorder"),
    ],
    "the lab imports the face of its benches alone": [
        ("trivet_lab.cli.bench", "trivet_lab.bench.result"),
    ],
    "the lab imports the face of its checkers alone": [
        ("trivet_lab.verdict.judgement", "trivet_lab.checkers.no_oversell"),
    ],
    "the lab imports the face of its report alone": [
        ("trivet_lab.runner", "trivet_lab.report.charts"),
    ],
    "the lab imports the face of its evidence alone": [
        ("trivet_lab.runner", "trivet_lab.evidence.history"),
    ],
    "the lab imports the face of its faults alone": [
        ("trivet_lab.runner", "trivet_lab.faults.kill"),
    ],
    "the lab imports the face of its members alone": [
        ("trivet_lab.runner", "trivet_lab.members.member"),
    ],
    "the lab imports the face of its verdict alone": [
        ("trivet_lab.runner", "trivet_lab.verdict.judgement"),
    ],
    "the lab imports the face of its scene alone": [
        ("trivet_lab.runner", "trivet_lab.scene.edge"),
    ],
    "the lab imports the face of its control API alone": [
        ("trivet_lab.cli.env", "trivet_lab.control.running"),
    ],
    "the lab imports the face of its mutants alone": [
        ("trivet_lab.runner", "trivet_lab.mutants.overlay"),
    ],
    "the lab imports the face of its trials alone": [
        ("trivet_lab.cli.mutants", "trivet_lab.trials.trying"),
    ],
    "inside trivet_chassis": [
        ("trivet_chassis.problems", "trivet_chassis.health"),
    ],
    "inside trivet_locks": [
        ("trivet_locks.ballot", "trivet_locks.redlock"),
    ],
    "inside trivet_platform": [
        ("trivet_platform.process", "trivet_platform.supervisor"),
    ],
}


def sources() -> list[Path]:
    return [ROOT / member / "src" for member in MEMBERS]


def copy_sources(folder: Path) -> Path:
    """Copy every member's Python, and the rules, into one folder."""
    for source in sources():
        for package in source.iterdir():
            shutil.copytree(package, folder / package.name, ignore=lambda _, names: {"__pycache__"} & set(names))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def found_breaches(folder: Path) -> dict[str, str]:
    """Run import-linter on a copy; return what it says of each broken contract, by the contract's name."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--config", folder / "pyproject.toml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        text=True,
        capture_output=True,
        check=False,
    )
    told = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    assert told.keys() == NAMES, done.stdout + done.stderr
    assert (done.returncode != 0) is ("BROKEN" in told.values())
    details = done.stdout.partition("Broken contracts\n")[2]
    parts = re.split(r"^(.+)\n-{4,}\n", details, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of a copy in which every breach is planted, each inside a function."""
    folder = copy_sources(tmp_path_factory.mktemp("planted"))
    for importer, imported in (breach for breaches in BREACHES.values() for breach in breaches):
        path = folder / Path(*importer.split("."))
        file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
        file.write_text(f"{file.read_text()}\n\ndef _planted() -> None:\n    import {imported}\n")
    return found_breaches(folder)


def test_without_a_breach_every_contract_is_kept(tmp_path: Path) -> None:
    assert found_breaches(copy_sources(tmp_path)) == {}


@pytest.mark.parametrize("contract", BREACHES)
def test_each_planted_breach_is_found_by_its_contract(contract: str, found: dict[str, str]) -> None:
    for importer, imported in BREACHES[contract]:
        assert re.search(rf"-\s+{re.escape(importer)} -> {re.escape(imported)} \(l\.", found[contract])


def test_every_contract_has_a_planted_breach() -> None:
    assert BREACHES.keys() == NAMES


def test_the_contracts_name_every_member() -> None:
    packages = {package.name for source in sources() for package in source.iterdir() if package.is_dir()}
    assert set(CONFIGURATION["tool"]["importlinter"]["root_packages"]) == packages
    between = next(contract for contract in CONTRACTS if contract["name"] == "members stand in layers")
    assert {name for layer in between["layers"] for name in re.split(r"\s*[|:]\s*", layer)} == packages


def test_the_orders_core_is_told_of_all_that_the_order_requires() -> None:
    member = ROOT / "enterprise-reference-architecture" / "order" / "pyproject.toml"
    required = tomllib.loads(member.read_text())["project"]["dependencies"]
    names = {re.split(r"[^\w-]", each)[0].replace("-", "_") for each in required}
    pure = next(contract for contract in CONTRACTS if contract["name"] == "the order's core is pure")
    assert set(pure["forbidden_modules"]) == names


def test_every_member_is_in_the_workspace() -> None:
    found = {
        str(file.parent.relative_to(ROOT))
        for depth in ("*", "*/*", "*/*/*")
        for file in ROOT.glob(f"{depth}/pyproject.toml")
        if not file.relative_to(ROOT).parts[0].startswith(".")
    }
    assert found == set(MEMBERS)
    assert {f"trivet-{Path(member).name}" for member in MEMBERS} == set(CONFIGURATION["tool"]["uv"]["sources"])
