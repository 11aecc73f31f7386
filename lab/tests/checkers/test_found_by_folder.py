"""The checkers are what lies in their folder; the table for people has each of them, and nothing else is imported."""

import ast
import gc
from pathlib import Path

import pytest

from trivet_lab import checkers
from trivet_lab.checkers import _judge, all_checkers, check_variant
from trivet_lab.evidence import VariantDirectory

FOLDER = Path(checkers.__file__).parent
PURE = {"checkers", "evidence"}
RUNS = {"_porcupine": {"subprocess"}}
"""The one that runs a program, which is a pure function of its input and no service."""


def test_every_public_module_is_a_checker_of_its_name() -> None:
    assert list(all_checkers()) == sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
    assert len(all_checkers()) >= 12


@pytest.mark.parametrize("kind", all_checkers().values(), ids=str)
def test_a_rule_is_one_sentence(kind) -> None:
    assert kind.RULE[0].isupper()
    assert kind.RULE.endswith(".")
    assert kind.RULE.count(". ") == 0


def test_the_table_has_every_rule_word_for_word() -> None:
    table = (FOLDER / "README.md").read_text()
    rows = {line.split("`")[1]: line for line in table.splitlines() if line.startswith("| `") and "`_" not in line}
    assert set(rows) == set(all_checkers())
    assert [name for name, kind in all_checkers().items() if kind.RULE not in rows[name]] == []


def test_a_module_without_a_checker_is_refused(monkeypatch) -> None:
    module = type("Module", (), {"name": "_witness"})
    monkeypatch.setattr(_judge.pkgutil, "iter_modules", lambda _: [type("M", (), {"name": "refusals"})])
    monkeypatch.setattr(_judge.importlib, "import_module", lambda _: module)
    module.__name__ = "refusals"
    with pytest.raises(ImportError, match="must hold exactly one checker, named refusals"):
        all_checkers()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_checkers_import_nothing_that_starts_things(path) -> None:
    tree = ast.parse(path.read_text())
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    ours = {name for name in names if name.startswith("trivet")}
    assert {name.split(".")[1] for name in ours} <= PURE
    assert names & {"subprocess", "socket", "asyncio", "aiohttp", "psycopg"} == RUNS.get(path.stem, set())


def test_the_collector_is_left_as_it_was(tmp_path) -> None:
    assert gc.isenabled()
    check_variant(VariantDirectory(tmp_path))
    assert gc.isenabled()
