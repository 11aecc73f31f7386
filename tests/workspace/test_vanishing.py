"""The watch over vanished tests (conftest.py at the root) sees them, its list is true, and no part loses a test."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPS = tomllib.loads((ROOT / "tests" / "workspace" / "skips.toml").read_text())["skip"]
LISTED = '[[skip]]\nfile = "tests/test_one.py"\nreason = "no moon tonight"\nwhy = "a listed one"\n'
PASSING = "def test_one():\n    assert True\n"
SKIPPING = "import pytest\n\ndef test_two():\n    pytest.skip('no moon tonight')\n"


def run(folder: Path, files: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest over a small checkout with the root's conftest.py."""
    shutil.copy(ROOT / "conftest.py", folder)
    kit = f'pythonpath = ["{ROOT / "tests" / "kit"}"]'
    folders = sorted({name.partition("/")[0] for name in files})
    options = ["[tool.pytest.ini_options]", f"testpaths = {json.dumps(folders)}", 'markers = ["long: x"]', kit, ""]
    (folder / "pyproject.toml").write_text("\n".join(options))
    for name, text in ({"tests/workspace/skips.toml": LISTED} | files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # a second each, and none is needed here
    return subprocess.run(argv, cwd=folder, env=environment, text=True, capture_output=True, check=False)


def passed(done: subprocess.CompletedProcess[str]) -> set[str]:
    return {line.split()[0] for line in done.stdout.splitlines() if " PASSED" in line}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"tests/test_empty.py": "x = 1\n"}, "tests/test_empty.py yields no test"),
        ({"tests/test_two.py": SKIPPING}, "tests/test_two.py::test_two was skipped"),
        ({"tests/test_two.py": SKIPPING.replace("moon", "sun")}, "no sun tonight"),
        ({"tests/test_two.py": "import pytest\npytest.skip('all', allow_module_level=True)\n"}, "was skipped"),
        (
            {"tests/test_two.py": "import pytest\n\n@pytest.mark.xfail\ndef test_two():\n    assert False\n"},
            "tests/test_two.py::test_two was skipped",
        ),
        (
            {"tests/test_two.py": "import pytest\n\n@pytest.mark.parametrize('x', [])\ndef test_two(x): assert x\n"},
            "got empty parameter set",
        ),
    ],
    ids=["no test", "unlisted file", "unlisted reason", "whole file", "expected failure", "empty parameters"],
)
def test_what_vanishes_is_named_and_red(files: dict[str, str], said: str, tmp_path: Path) -> None:
    done = run(tmp_path, {"tests/test_one.py": PASSING} | files)
    assert said in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED


def test_listed_skips_and_deselected_marks_are_green(tmp_path: Path) -> None:
    marked = "import pytest\n\n@pytest.mark.long\ndef test_three():\n    assert True\n"
    files = {"tests/test_one.py": PASSING + SKIPPING, "tests/test_three.py": marked}
    done = run(tmp_path, files, "-m", "not long")
    assert "1 passed, 1 skipped, 1 deselected" in done.stdout
    assert done.returncode == pytest.ExitCode.OK


MANY = "import pytest\n\n@pytest.mark.parametrize('n', range(10))\ndef test_one(n): assert n >= 0\n"


def test_parts_have_every_selected_test_once_and_say_so(tmp_path: Path) -> None:
    marked = "import pytest\n\n@pytest.mark.long\ndef test_three():\n    assert True\n"
    files = {"tests/test_one.py": MANY, "tests/test_three.py": marked}
    parts = [run(tmp_path, files, "-m", "not long", "-vv", "--part", f"{number}/3") for number in (1, 2, 3)]
    assert [part.returncode for part in parts] == [pytest.ExitCode.OK] * 3, "a file of another part did not vanish"
    ran = [passed(part) for part in parts]
    assert sorted(name for part in ran for name in part) == [f"tests/test_one.py::test_one[{n}]" for n in range(10)]
    assert [len(part) for part in ran] == [4, 3, 3]
    assert "not long: part 2 of 3, 3 of 10 tests" in parts[1].stdout
    assert "3 passed, 8 deselected" in parts[1].stdout
    again = run(tmp_path, files, "-m", "not long", "-vv", "--part", "2/3")
    assert passed(again) == ran[1]


def test_what_vanishes_is_seen_in_any_part(tmp_path: Path) -> None:
    done = run(tmp_path, {"tests/test_one.py": MANY, "tests/test_empty.py": "x = 1\n"}, "--part", "1/3")
    assert "tests/test_empty.py yields no test" in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("words", ["", "0/3", "4/3", "2", "2/0", "two/3", "-1/3"])
def test_what_is_no_part_is_refused(tmp_path: Path, words: str) -> None:
    done = run(tmp_path, {"tests/test_one.py": PASSING}, f"--part={words}")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"--part {words} is none" in done.stderr


def test_lanes_have_every_selected_test_once_and_no_server_is_asked_for_where_tests_compute(tmp_path: Path) -> None:
    fixture = "import pytest\n\n@pytest.fixture\ndef supervisor(): return 1\n\n"
    asking = fixture + "def test_one(supervisor): assert supervisor\n"
    files = {
        "tests/workspace/test_one.py": PASSING,
        "tests/workspace/test_asking.py": asking,
        "tests/conformance/test_other.py": PASSING,
        "chassis/tests/test_served.py": PASSING,
    }
    selection = ("-m", "not long", "-vv", "--lane")
    computing, services, lab = (run(tmp_path, files, *selection, lane) for lane in ("computing", "services", "lab"))
    assert [lane.returncode for lane in (computing, services, lab)] == [pytest.ExitCode.OK] * 3
    assert "not long: lane computing, 1 of 4 tests" in computing.stdout
    assert "not long: lane lab, 2 of 4 tests" in lab.stdout
    assert passed(computing) == {"tests/workspace/test_one.py::test_one"}
    assert passed(services) == {"chassis/tests/test_served.py::test_one"}
    assert passed(lab) == {"tests/workspace/test_asking.py::test_one", "tests/conformance/test_other.py::test_one"}


@pytest.mark.parametrize("skip", SKIPS, ids=[f"{skip['file']}: {skip['reason']}" for skip in SKIPS])
def test_every_listed_skip_still_stands_in_its_file(skip: dict[str, str]) -> None:
    assert skip["reason"] in (ROOT / skip.get("stands", skip["file"])).read_text()
    assert (ROOT / skip["file"]).is_file()
    assert len(skip["why"].split()) > 4


def test_the_member_platform_does_not_hide_the_standard_library_s() -> None:
    assert platform.python_implementation().lower() == sys.implementation.name
    assert ROOT not in Path(str(platform.__file__)).parents
