"""Three sessions at once (tools/lanes.py) end as one would: with one exit code, and with whatever ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
MAIN = """
import os, sys
from pathlib import Path
import lanes
lanes.BIN = lanes.ROOT = Path(sys.argv[1])
sys.exit(lanes.run_lanes(["-m", "not long"], os.environ))
"""
SAYING = """#!/bin/sh
echo "$* at $(nice)"
case "$*" in *services) exit "$SERVICES" ;; *lab) exit "$LAB" ;; *) exit "$COMPUTING" ;; esac
"""
WAITING = """#!/bin/sh
trap 'touch "ended-$$"; exit 2' INT
touch "begun-$$"
while :; do sleep 0.05; done
"""


def begun(folder: Path, pytest_: str, **environment: str) -> subprocess.Popen[str]:
    """Run the lanes with something else for pytest, in a group of processes of their own."""
    (folder / "pytest").write_text(pytest_)
    (folder / "pytest").chmod(0o755)
    argv = [sys.executable, "-c", MAIN, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tools")} | environment
    return subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.01)


@pytest.mark.parametrize(
    ("services", "lab", "computing", "code"),
    [(0, 0, 0, 0), (1, 0, 0, 1), (0, 1, 0, 1), (0, 0, 1, 1), (2, 1, 1, 2)],
)
def test_one_that_is_red_makes_all_red(services: int, lab: int, computing: int, code: int, tmp_path: Path) -> None:
    done = begun(tmp_path, SAYING, SERVICES=str(services), LAB=str(lab), COMPUTING=str(computing))
    said, _ = done.communicate(timeout=PATIENCE_S)
    assert done.returncode == code
    front, beside, behind = said.splitlines()
    assert front.startswith("-m not long --lane services at ")
    assert beside.startswith("-m not long --lane lab at ")
    assert behind == "-m not long --lane computing at 19"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 2), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_what_ends_it_ends_all_and_is_waited_for(number: signal.Signals, code: int, tmp_path: Path) -> None:
    running = begun(tmp_path, WAITING)
    wait_until(lambda: len(list(tmp_path.glob("begun-*"))) == 3)
    if number is signal.SIGINT:  # as a terminal does
        os.killpg(running.pid, number)
    else:
        running.send_signal(number)
    running.communicate(timeout=PATIENCE_S)
    assert running.returncode == code
    for pid in (int(file.name.removeprefix("begun-")) for file in tmp_path.glob("begun-*")):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert len(list(tmp_path.glob("ended-*"))) == (3 if number is signal.SIGINT else 0)
