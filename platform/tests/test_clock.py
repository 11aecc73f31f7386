"""A wall clock of a process's own leaves alone what counts on the monotonic one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trivet_platform import OwnClock, find_libfaketime

WAITS = Path(__file__).parent / "labs" / "wait_on_a_deadline.py"


@pytest.mark.skipif(find_libfaketime() is None, reason="libfaketime is not installed")
@pytest.mark.parametrize("offset_s", [0, 3600, -90])
def test_a_deadline_of_the_monotonic_clock_has_not_passed(tmp_path: Path, offset_s: int) -> None:
    clock = OwnClock(tmp_path)
    clock.jump(offset_s)
    waiting = subprocess.run([sys.executable, WAITS], env={**os.environ, **clock.environment()}, check=False)
    assert waiting.returncode == 0, os.strerror(waiting.returncode)
