"""Scripts are found by folder, and one that breaks costs its own results alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from trivet_lab.bench import BenchError, Script, Shelf, find_scripts, named_scripts, run_script
from trivet_lab.cli.bench import bench
from trivet_lab.settings import LabSettings, lab_settings

SCRIPT = """\"\"\"Two tills.\"\"\"
from trivet_lab.bench import Measured, alternate, bench_main


def measure(*, quick):
    print("this is for people")
    pairs = alternate(lambda: 1.0, lambda: 4.0, 6 if quick else 9)
    return [Measured(bench=name, unit="sales/s", compares="Ours.", pairs=pairs, bar=0.5) for name in NAMES]


if __name__ == "__main__":
    bench_main(__file__, measure)
"""


def write(root: Path, text: str, file: str = "shop/till/bench/till.py") -> Script:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return Script(root, Path(file))


def two_tills(*names: str) -> str:
    return SCRIPT.replace("NAMES", repr(list(names)))


def test_members_benches_are_found_and_nothing_else(root: Path) -> None:
    for file in (
        "shop/till/bench/till.py",
        "shop/till/bench/_shared.py",
        "shop/till/bench/deep/no.py",
        "shop/bench/no_member.py",
        "gate/bench/gate.py",
        "a/b/c/bench/far.py",
        "lab/src/trivet_lab/bench/page.py",
        ".venv/bench/hidden.py",
    ):
        write(root, "", file)
    for file in ("gate/go.mod", "a/b/c/pyproject.toml", "lab/pyproject.toml", ".venv/pyproject.toml"):
        (root / file).touch()
    found = find_scripts(root)
    assert [str(script.file) for script in found] == [
        "a/b/c/bench/far.py",
        "gate/bench/gate.py",
        "shop/till/bench/till.py",
    ]
    assert [script.name for script in named_scripts(found, ["till"])] == ["till"]
    assert [script.name for script in named_scripts(found, ["gate", "c"])] == ["far", "gate"]
    assert named_scripts(found, []) == found
    with pytest.raises(BenchError, match="there is no bench 'tile': there are far, gate, till"):
        named_scripts(found, ["tile"])


def test_two_scripts_of_one_name_are_refused(root: Path) -> None:
    write(root, "")
    write(root, "", "gate/bench/till.py")
    (root / "gate" / "pyproject.toml").touch()
    with pytest.raises(BenchError, match="have one name"):
        find_scripts(root)


def test_this_checkouts_own_are_found() -> None:
    assert "link" in {script.name for script in find_scripts(lab_settings().root)}


def test_a_script_runs_in_a_process_of_its_own(root: Path) -> None:
    script = write(root, two_tills("till", "till-fast"))
    assert [(one.bench, len(one.pairs)) for one in run_script(script, quick=True)] == [("till", 6), ("till-fast", 6)]
    assert [len(one.pairs) for one in run_script(script, quick=False)] == [9, 9]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("raise SystemExit(3)", "till.py ended with 3"),
        ("1 / 0", "till.py ended with 1"),
        ("", r"till\.json"),
        (two_tills("drawer"), "left a bench 'drawer'"),
        (two_tills("tills"), "left a bench 'tills'"),
        (two_tills(), "measured nothing"),
    ],
)
def test_a_script_that_fails_is_told(root: Path, text: str, sentence: str) -> None:
    with pytest.raises(BenchError, match=sentence):
        run_script(write(root, text), quick=True)


@pytest.fixture
def here(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("trivet_lab.cli.bench.lab_settings", lambda: LabSettings(root=root, plain=True))
    return root


def test_the_others_go_on_and_the_exit_code_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, "raise SystemExit(3)", "shop/till/bench/broken.py")
    write(here, two_tills("till"))
    assert bench(json=True) == 254
    told = capsys.readouterr()
    assert "✗ shop/till/bench/broken.py ended with 3" in told.err
    answer = json.loads(told.out)
    assert answer["failed"] == ["broken"]
    assert [one["bench"] for one in answer["results"]] == ["till"]
    assert (here / "docs" / "benchmarks" / "till.json").is_file()


def test_a_missed_bar_is_shown_and_is_no_failure(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, two_tills("till"))
    assert bench("till") == 0
    assert capsys.readouterr().out == "✗ till: 1 sales/s, peer 4: ratio 0.25 (0.25 to 0.25), bar 0.5\n"
    assert "| 0.5 | – | ✗ |" in (here / "docs" / "benchmarks.md").read_text()


def test_a_first_impression_leaves_the_committed_results_alone(here: Path) -> None:
    write(here, two_tills("till"))
    assert bench(quick=True) == 0
    assert not (here / "docs").exists()
    assert (here / ".trivet" / "bench" / "till.json").is_file()


def test_what_a_script_no_longer_measures_goes(here: Path) -> None:
    write(here, two_tills("till", "till-fast"))
    write(here, two_tills("gate"), "shop/till/bench/gate.py")
    assert bench() == 0
    write(here, two_tills("till"))
    assert bench("till") == 0
    assert [one.bench for one in Shelf.of(here).results()] == ["gate", "till"]


def test_the_page_is_made_again_without_measuring(here: Path) -> None:
    write(here, two_tills("till"))
    assert bench() == 0
    page = here / "docs" / "benchmarks.md"
    made = page.read_text()
    page.write_text("edited")
    write(here, "raise SystemExit(3)")
    assert bench(page=True) == 0
    assert page.read_text() == made


def test_they_are_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, "raise SystemExit(3)")
    assert bench(list_=True) == 0
    assert capsys.readouterr().out == "till  shop/till/bench/till.py\n"


def test_ctrl_c_reaches_the_script_once_and_waits_for_it(root: Path, tmp_path: Path) -> None:
    """The script stops its servers while the lab waits for it."""
    fifo, told = tmp_path / "begun", tmp_path / "told"
    os.mkfifo(fifo)
    text = f"""
import pathlib, threading
pathlib.Path({str(fifo)!r}).write_text("begun")
try:
    threading.Event().wait()
except KeyboardInterrupt:
    pathlib.Path({str(told)!r}).write_text("stopped everything")
"""
    write(root, text)
    code = f"""
import pathlib
from trivet_lab.bench import Script, run_script
run_script(Script(pathlib.Path({str(root)!r}), pathlib.Path("shop/till/bench/till.py")), quick=True)
"""
    argv = [sys.executable, "-c", code]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, restore_signals=True) as lab:
        watchdog = threading.Timer(60, lab.kill)
        watchdog.start()
        assert fifo.read_text() == "begun"
        lab.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in lab.communicate()[1]
        watchdog.cancel()
    assert told.read_text() == "stopped everything"


@pytest.mark.long
def test_every_bench_of_this_checkout_still_runs() -> None:
    """From the command line, which installs the peers; no figure is looked at."""
    root = lab_settings().root
    argv = [str(root / "trivet"), "bench", "--quick", "--json"]
    done = subprocess.run(argv, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["failed"] == []
    assert {one["script"] for one in answer["results"]} == {script.file.as_posix() for script in find_scripts(root)}
