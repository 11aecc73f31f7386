"""A table of mutants is believed only as far as it fits the code; each misfit is a sentence of its own."""

import subprocess
import sys
from pathlib import Path

import pytest
from till import write_till

from trivet_lab.checkers import all_checkers
from trivet_lab.mutants import MutantError, find_mutants
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import lab_settings

TABLE = """
folder = "shop/till"
starts = "till"
[mutant.no_guard]
what = "sells without looking"
strategy = "quick"
caught_by = ["no_oversell"]
edit = [{ file = "src/trivet_till/sell.py", find = "if stock:", replace = "if True:" }]
[mutant.no_check]
what = "nothing behind the guard"
strategy = "quick"
harmless = "the guard holds"
both = "no_guard_no_check"
edit = [{ file = "src/trivet_till/sell.py", find = "check()", replace = "pass" }]
[mutant.no_guard_no_check]
what = "neither"
strategy = "quick"
together = ["no_guard", "no_check"]
caught_by = ["no_oversell"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    package = tmp_path / "shop" / "till" / "src" / "trivet_till"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sell.py").write_text("if stock:\n    take()\ncheck()\n")
    (tmp_path / "tests" / "mutants").mkdir(parents=True)
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / "tests" / "mutants" / "till.toml").write_text(text)


def test_a_table_is_read_as_it_is_written(root: Path) -> None:
    write(root, TABLE)
    found = find_mutants(root)
    assert list(found) == ["no_guard", "no_check", "no_guard_no_check"]
    both = found["no_guard_no_check"]
    assert [edit.find for edit in both.edits] == ["if stock:", "check()"]
    assert (both.starts, both.arrangement.scenario, both.arrangement.variant) == ("till", "flash-sale", "quick")


@pytest.mark.parametrize(
    ("find", "replace", "sentence"),
    [
        ("if stock:", "if stocks:", "'if stocks:' stands 0 times in src/trivet_till/sell.py"),
        ('find = "check()"', 'find = "k"', "'k' stands 3 times"),
        ('replace = "if True:"', 'replace = "if stock:"', "is replaced by itself"),
        ("src/trivet_till/sell.py", "src/trivet_till/gone.py", "is no file of the member's src"),
        ("src/trivet_till/sell.py", "../till/src/../../elsewhere.py", "is no file of the member's src"),
        ('caught_by = ["no_oversell"]\nedit', "edit", "it names either who catches it, or why it is harmless"),
        ('both = "no_guard_no_check"', 'both = "no_guard"', "names in `both` a mutant that is caught"),
        ('both = "no_guard_no_check"', "", "names in `both` a mutant that is caught"),
        ('together = ["no_guard", "no_check"]', "", "it changes nothing"),
        ('together = ["no_guard", "no_check"]', 'together = ["no_check"]', "names in `both`"),
        ('what = "neither"', "", "missing required field"),
        ('what = "neither"', 'what = "neither"\ncaugth_by = []', "unknown field"),
        ("[mutant.no_check]", "[mutant.no_check", "till.toml"),
    ],
)
def test_what_does_not_fit_is_told(root: Path, find: str, replace: str, sentence: str) -> None:
    assert find in TABLE
    write(root, TABLE.replace(find, replace, 1))
    (root / "shop" / "till" / "elsewhere.py").write_text("if stock:")
    with pytest.raises(MutantError) as error:
        find_mutants(root)
    assert sentence in str(error.value)


GO_TABLE = """
folder = "till"
starts = "till"
[mutant.no_guard]
what = "takes what is not free"
strategy = "setnx"
caught_by = ["no_oversell"]
edit = [{ file = "internal/script/take.lua", find = "if free then take() end", replace = "take()" }]
"""


@pytest.mark.parametrize(
    ("find", "replace", "sentence"),
    [
        ("internal/script/take.lua", "bench/go.mod", "bench/go.mod is no file of the member's cmd or internal"),
        ("internal/script/take.lua", "internal/script/script_test.go", "is a test, and not built into a command"),
        ("if free then", "if open then", "'if open then take() end' stands 0 times in internal/script/take.lua"),
    ],
)
def test_a_go_member_s_edits_are_in_what_its_commands_are_built_of(
    root: Path, find: str, replace: str, sentence: str
) -> None:
    write_till(root)
    write(root, GO_TABLE)
    assert list(find_mutants(root)) == ["no_guard"]
    write(root, GO_TABLE.replace(find, replace))
    with pytest.raises(MutantError) as error:
        find_mutants(root)
    assert sentence in str(error.value)


def test_two_tables_may_not_share_a_name(root: Path) -> None:
    write(root, TABLE)
    (root / "tests" / "mutants" / "other.toml").write_text(TABLE)
    with pytest.raises(MutantError, match="no_guard stands in"):
        find_mutants(root)


def test_the_checkouts_own_mutants_name_checkers_and_variants_that_exist() -> None:
    found = find_mutants(lab_settings().root)
    assert len(found) >= 15
    assert {name for mutant in found.values() for name in mutant.caught_by} <= set(all_checkers())
    variants = {(name, variant.name) for name, each in find_scenarios().items() for variant in each.variants}
    assert {(each.arrangement.scenario, each.arrangement.variant) for each in found.values()} <= variants


def test_make_check_looks_at_every_table() -> None:
    root = lab_settings().root
    assert '"trivet_lab.mutants"' in (root / "tools" / "bootstrap.py").read_text()
    done = subprocess.run([sys.executable, "-m", "trivet_lab.mutants"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
