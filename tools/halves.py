"""Runs the tests in two sessions at once: those that start servers, and behind them those that only compute.

The first wait for servers half of their time, on two processors; the second take what is idle meanwhile. They run at
the lowest priority, so that no test which waits for a server waits for them. What they said follows at the end.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

from steps import BIN, ROOT

_LOWEST = ("nice", "-n", "19")


def run_halves(selection: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run both halves of a selection and return the exit code of a session that would have run it whole.

    Args:
        selection: pytest's words, which each half narrows.
        environment: of both.
    """
    sessions: list[subprocess.Popen[bytes]] = []
    _hand_on(sessions)
    with tempfile.TemporaryFile() as said:
        sessions.append(_begin("serving", selection, environment))
        sessions.append(_begin("computing", selection, environment, before=_LOWEST, said=said.fileno()))
        codes = [session.wait() for session in sessions]
        said.seek(0)
        print(said.read().decode(errors="replace"), end="", flush=True)
    return next((code if code > 0 else 128 - code for code in codes if code), 0)


def _hand_on(sessions: Sequence[subprocess.Popen[bytes]]) -> None:
    """Have what asks this process to end ask the sessions, which are waited for.

    Ctrl-C reaches them by itself, as they are of one group, and each ends what it has started.
    """

    def ask_to_end(*_: object) -> None:
        for session in sessions:
            session.terminate()

    signal.signal(signal.SIGTERM, ask_to_end)
    signal.signal(signal.SIGINT, lambda *_: None)


def _begin(
    half: str,
    selection: Sequence[str],
    environment: Mapping[str, str],
    *,
    before: Sequence[str] = (),
    said: int | None = None,
) -> subprocess.Popen[bytes]:
    words = [*before, str(BIN / "pytest"), *selection, "--half", half]
    return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=said, stderr=said)
