"""A member's commands are run as they are, under the settings that are meant for them, and never for ever."""

from __future__ import annotations

import signal
from typing import Any, NoReturn

import pytest

from trivet_lab.members import CommandError, executable, last_lines, run_command
from trivet_platform import Child, ForkRefused, execute

SAY = "import os, sys; print(sorted(name for name in os.environ if name.startswith('TRIVET_'))); sys.exit(3)"


def test_a_command_has_its_settings_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVET_TILL_STRATEGY", "of a person's shell")
    done = run_command(["python3", "-c", SAY], {"TRIVET_TILL_DATABASE_URL": "postgresql://"}, 30)
    assert (done.returncode, done.stdout) == (3, "['TRIVET_TILL_DATABASE_URL']\n")


def test_one_that_is_nowhere_is_named() -> None:
    with pytest.raises(CommandError, match=r"^the command trivet-nothing is not installed$"):
        executable("trivet-nothing")


def test_one_that_does_not_end_is_ended() -> None:
    with pytest.raises(CommandError, match=r"^python3 -c import time; time.sleep\(60\) did not end within 0.2 s$"):
        run_command(["python3", "-c", "import time; time.sleep(60)"], {}, 0.2)


def test_one_that_cannot_be_started_is_told() -> None:
    def refuse(*_: object) -> NoReturn:
        raise ForkRefused("till-forks is not there")

    with pytest.raises(CommandError, match=r"^python3 -c pass was not started: till-forks is not there$"):
        run_command(["python3", "-c", "pass"], {}, 30, refuse)


def test_one_that_is_interrupted_is_ended() -> None:
    begun: list[Child] = []

    class Interrupted:
        """A command whose caller hears Ctrl-C when it waits for the first time."""

        def __init__(self, child: Child) -> None:
            self._child = child
            self._waits = 0
            self.pid, self.poll = child.pid, child.poll

        def wait(self, timeout: float | None = None) -> int:
            self._waits += 1
            if self._waits == 1:
                raise KeyboardInterrupt
            return self._child.wait(timeout)

    def start(*words: Any) -> Child:
        begun.append(execute(*words))
        return Interrupted(begun[0])

    with pytest.raises(KeyboardInterrupt):
        run_command(["python3", "-c", "import time; time.sleep(60)"], {}, 30, start)
    assert begun[0].poll() == -signal.SIGKILL


def test_the_end_of_what_it_printed_is_kept() -> None:
    assert last_lines("\n".join(map(str, range(30)))) == "\n".join(map(str, range(10, 30)))
