"""Go's tests are tests of the session: each is an item, and none fails, is skipped or vanishes without being told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest
from gotests import NO_COMPILER, compiler

ROOT = Path(__file__).resolve().parents[2]
ADD = "package till\n\nfunc Add(a, b int) int { return a + b }\n"
HEAD = 'package till\n\nimport (\n\t"fmt"\n\t"os"\n\t"testing"\n)\n\nvar _, _ = fmt.Sprint, os.Getenv\n\n'
GOOD = "func TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal(Add(1, 2))\n\t}\n}\n\n"
LISTED = '[[skip]]\nfile = "shop/till/add_test.go"\nreason = "no moon tonight"\nwhy = "a listed one"\n'
LISTED += f'[[skip]]\nfile = "shop/till/go.mod"\nreason = "{NO_COMPILER}"\nwhy = "as here"\n'

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs pytest over a checkout with one Go module."""

    def run(files: Mapping[str, str], *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        shutil.copy(ROOT / "conftest.py", tmp_path)
        kit = f'pythonpath = ["{ROOT / "tests" / "kit"}"]'
        options = ["[tool.pytest.ini_options]", 'testpaths = ["shop"]', 'markers = ["long: x"]', kit, ""]
        (tmp_path / "pyproject.toml").write_text("\n".join(options))
        module = {"go.mod": "module trivet/till\n\ngo 1.26.0\n", "add.go": ADD} | dict(files)
        own = {f"shop/till/{name}": text for name, text in module.items()}
        for name, text in (own | {"tests/workspace/skips.toml": LISTED}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        argv = [sys.executable, "-m", "pytest", "-vv", "-ra", "-p", "no:cacheprovider"]
        argv += ["-p", "trivet_platform.pytest_plugin", *words]
        # Neither the plugins nor the race detector are needed here, and each takes a second of every test.
        more = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CC": "/nowhere/cc", **env}
        return subprocess.run(argv, cwd=tmp_path, env=os.environ | more, text=True, capture_output=True, check=False)

    return run


def test_each_test_is_an_item_and_all_are_counted(run: Run) -> None:
    sub = 'func TestMore(t *testing.T) {\n\tt.Run("one", TestAdd)\n\tt.Run("two", TestAdd)\n}\n'
    example = "func ExampleAdd() {\n\tfmt.Println(Add(1, 1))\n\t// Output: 2\n}\n\n"
    fuzz = "func FuzzAdd(f *testing.F) {\n\tf.Add(1)\n\tf.Fuzz(func(t *testing.T, n int) { _ = Add(n, 1) })\n}\n\n"
    done = run({"add_test.go": HEAD + GOOD + example + fuzz + sub})
    assert done.returncode == pytest.ExitCode.OK, done.stdout
    for name in ("TestAdd", "ExampleAdd", "FuzzAdd", "TestMore"):
        assert f"shop/till/add_test.go::{name} PASSED" in done.stdout
    assert re.search(
        r"^Go: 4 tests with 3 subtests ran in 1 packages, WITHOUT the race detector$", done.stdout, re.MULTILINE
    )


def test_one_test_can_be_chosen_and_no_other_is_run(run: Run) -> None:
    long = "//trivet:long\nfunc TestLong(t *testing.T) { t.Fatal(1) }\n"
    files = {"add_test.go": HEAD + GOOD + "func TestOther(t *testing.T) { t.Fatal(2) }\n\n" + long}
    assert run(files, "shop/till/add_test.go::TestAdd").returncode == pytest.ExitCode.OK
    done = run(files, "-m", "long")
    assert "1 failed, 3 deselected" in done.stdout
    assert "Go: 1 tests with 0 subtests" in done.stdout


BAD = "func TestBad(t *testing.T) { t.Fatal(41) }\n"
ENDS = "func TestMain(m *testing.M) { m.Run(); os.Exit(3) }\n"
PANICS = 'func TestPanics(t *testing.T) { panic("no") }\n\nfunc TestLater(t *testing.T) {}\n'
SKIPS = 'func TestSkips(t *testing.T) { t.Skip("no moon tonight") }\n'
INSIDE = 'func TestSkips(t *testing.T) {\n\tt.Run("x", func(t *testing.T) { t.Skip("no sun") })\n}\n'


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"add_test.go": HEAD + GOOD + BAD}, "add_test.go:17: 41"),
        ({"add_test.go": HEAD + GOOD.replace("Add(1, 2)", "Subtract(1)")}, "undefined: Subtract"),
        ({"add_test.go": HEAD + GOOD + ENDS}, "TestAdd passed, and its package failed"),
        ({"add_test.go": HEAD + GOOD + PANICS}, "TestLater was not run to its end"),
        ({"add_test.go": HEAD + GOOD, "other_windows_test.go": HEAD + BAD}, "TestBad was not run to its end"),
        ({"add_test.go": HEAD + GOOD + "func ExampleAdd() { fmt.Println(Add(1, 1)) }\n"}, "ExampleAdd was not run"),
        ({"add_test.go": HEAD + GOOD + "func  TestTwoBlanks(t *testing.T) {}\n"}, "not collected: TestTwoBlanks"),
        ({"add_test.go": HEAD + GOOD + SKIPS.replace("moon", "sun")}, "does not list: no sun tonight"),
        ({"add_test.go": HEAD + GOOD + INSIDE}, "does not list: no sun"),
        ({"add_test.go": HEAD + GOOD, "tax/tax.go": "package tax\n"}, "shop/till/tax is a Go package without a test"),
        ({"add_test.go": HEAD}, "shop/till is a Go package without a test"),
    ],
    ids=[
        "failure",
        "no build",
        "the package's end",
        "panic",
        "another system's",
        "no output",
        "unseen",
        "unlisted skip",
        "skip in a subtest",
        "no test file",
        "no test",
    ],
)
def test_what_goes_wrong_is_told_and_red(run: Run, files: dict[str, str], said: str) -> None:
    done = run(files, *(["shop", "tests"] if "tests" in said else []))
    assert said in done.stdout
    assert done.returncode in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED}


def test_a_listed_skip_and_a_command_without_tests_are_green(run: Run) -> None:
    done = run({"add_test.go": HEAD + GOOD + SKIPS, "cmd/till/main.go": "package main\n\nfunc main() {}\n"})
    assert done.returncode == pytest.ExitCode.OK, done.stdout
    assert "SKIPPED (no moon tonight)" in done.stdout


def test_who_asks_for_servers_finds_real_ones_and_no_setting_of_a_shell(run: Run) -> None:
    asks = """func TestAsks(t *testing.T) {
	fmt.Println(os.Getenv("TRIVET_TEST_DATABASE_URL"), os.Getenv("TRIVET_TEST_VALKEY_URL"), os.Getenv("TRIVET_TILL_X"))
	t.Fatal()
}
"""
    done = run({"add_test.go": HEAD + asks}, TRIVET_TILL_X="of a person's shell")
    assert re.search(
        r"postgresql://\S+@127\.0\.0\.1:\d+/go_till_1 redis://127\.0\.0\.1:\d+/0 $", done.stdout, re.MULTILINE
    ), done.stdout


def test_who_imports_one_that_asks_for_servers_finds_them_too(run: Run) -> None:
    asks = 'package ask\n\nimport "os"\n\nfunc URL() string { return os.Getenv("TRIVET_TEST_VALKEY_URL") }\n'
    uses = HEAD.replace('"os"', '"os"\n\t"trivet/till/ask"') + "func TestAsks(t *testing.T) { t.Fatal(ask.URL()) }\n"
    done = run({"ask/ask.go": asks, "add_test.go": uses}, "shop/till/add_test.go")
    assert re.search(r"redis://127\.0\.0\.1:\d+/0", done.stdout), done.stdout


def test_what_asks_for_nobody_is_run_while_another_test_waits(run: Run) -> None:
    """The Python test ends once the Go test, whose turn comes later, has said that it runs."""
    waits = """import pathlib, time
def test_first():
    until = time.monotonic() + 60
    while not pathlib.Path(__file__).with_name("said").exists():
        assert time.monotonic() < until, "nobody ran ahead"
        time.sleep(0.05)
"""
    says = 'func TestSays(t *testing.T) { _ = os.WriteFile("said", nil, 0o600) }\n'
    files = {"add_test.go": HEAD + says, "test_a.py": waits}
    done = run(files, "shop/till/test_a.py", "shop/till/add_test.go")
    assert "2 passed" in done.stdout, done.stdout


def test_what_was_run_ahead_ends_with_the_session(run: Run, tmp_path: Path) -> None:
    """The first test fails and ends it all; a Go test that would run for ever is gone with it."""
    fails = """import pathlib, time
def test_first():
    said = pathlib.Path(__file__).with_name("said")
    while not said.exists() or not said.read_text():
        time.sleep(0.05)
    assert False
"""
    writes = 'os.WriteFile("said", []byte(fmt.Sprint(os.Getpid())), 0o600)'
    stays = f"func TestStays(t *testing.T) {{\n\t_ = {writes}\n\tselect {{}}\n}}\n"
    done = run({"add_test.go": HEAD + stays, "test_a.py": fails}, "-x", "shop/till/test_a.py", "shop/till/add_test.go")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    pid = int((tmp_path / "shop" / "till" / "said").read_text())
    gone = not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert gone  # whoever inherits a killed process may take his time to take note of it


def test_without_a_compiler_tests_run_and_what_is_missing_is_a_skip(run: Run) -> None:
    done = run({"add_test.go": HEAD + GOOD})
    assert done.returncode == pytest.ExitCode.OK, done.stdout
    assert re.search(rf"^SKIPPED .*{re.escape(NO_COMPILER)}$", done.stdout, re.MULTILINE)
    assert "1 passed, 1 skipped" in done.stdout
    assert "Go: 1 tests with 0 subtests ran in 1 packages, WITHOUT the race detector" in done.stdout


def test_a_race_is_found(run: Run) -> None:
    racy = """func TestRaces(t *testing.T) {
	done, n := make(chan bool), 0
	go func() { n++; done <- true }()
	n++
	<-done
	_ = n
}
"""
    if not compiler():
        pytest.skip(NO_COMPILER)
    done = run({"add_test.go": HEAD + GOOD + racy}, CC="")
    assert "WARNING: DATA RACE" in done.stdout
    assert "shop/till/go.mod::race_detector PASSED" in done.stdout
    assert "1 failed, 2 passed" in done.stdout
