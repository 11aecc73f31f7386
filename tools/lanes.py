"""Runs the tests in three sessions at once: those of the services, those of the lab, and those that only compute.

The first two wait for servers half of their time, on two processors; the third takes what is idle meanwhile, at the
lowest priority, so that no test which waits for a server waits for it. What the second and third said follows at the
end.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from steps import BIN, ROOT

LANES: Mapping[str, Sequence[str]] = {"services": (), "lab": (), "computing": ("nice", "-n", "19")}
"""Each lane with what its session is started by; the first one's words are seen at once."""


def run_lanes(selection: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run all lanes of a selection and return the exit code of a session that would have run it whole.

    Args:
        selection: pytest's words, which each lane narrows.
        environment: of all.
    """
    sessions: list[subprocess.Popen[bytes]] = []
    is_ended = _hand_on(sessions)
    with ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile()) for _ in list(LANES)[1:]]
        outputs = [None, *(file.fileno() for file in said)]
        for (lane, before), output in zip(LANES.items(), outputs, strict=True):
            if is_ended():
                break
            words = [*before, str(BIN / "pytest"), *selection, "--lane", lane]
            sessions.append(subprocess.Popen(words, cwd=ROOT, env=environment, stdout=output, stderr=output))
        codes = [session.wait() for session in sessions]
        for file in said:
            file.seek(0)
            print(file.read().decode(errors="replace"), end="", flush=True)
    return next((code if code > 0 else 128 - code for code in codes if code), 0 if len(codes) == len(LANES) else 1)


def _hand_on(sessions: Sequence[subprocess.Popen[bytes]]) -> Callable[[], bool]:
    """Have what asks this process to end ask the sessions, which are waited for; return what says if it was asked to.

    Ctrl-C reaches them by itself, as they are of one group, and each ends what it has started.
    """
    asked: list[bool] = []

    def ask_to_end(*_: object) -> None:
        asked.append(True)
        for session in sessions:
            session.terminate()

    signal.signal(signal.SIGTERM, ask_to_end)
    signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    return lambda: bool(asked)
