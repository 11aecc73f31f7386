"""Runs the tests in two sessions at once: those that start servers, and behind them those that only compute.

The first wait for servers half of their time, on two processors; the second take what is idle meanwhile. They run at
the lowest priority, so that no test which waits for a server waits for them. What they said follows at the end.
"""

from __future__ import annotations

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
    with tempfile.TemporaryFile() as said:
        behind = _begin("computing", selection, environment, before=_LOWEST, said=said.fileno())
        front = _begin("serving", selection, environment)
        try:
            code = front.wait()
            behind_code = behind.wait()
        except KeyboardInterrupt:  # which reached both, as they are of one group: each ends what it has started
            front.wait()
            behind.wait()
            raise
        said.seek(0)
        print(said.read().decode(errors="replace"), end="", flush=True)
    return code or behind_code


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
