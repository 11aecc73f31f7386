"""What a scenario asks itself, before its crowd comes and after it has gone, kept in the crowd's history."""

from __future__ import annotations

import time
from typing import Any

from trivet_lab.evidence import SCENE, Attempt, Operation, encode_operation
from trivet_lab.scene.cue import Cue
from trivet_lab.scene.edge import EdgeError, Told, ask

PATIENCE_S = 15
RETRY_S = 0.2
UNSETTLED = frozenset({0, 429, 502, 503, 504})
"""Nothing came back, or nobody was there who could do it: asking again is asking for the same."""


class Own:
    """Asks one thing at a time until it is answered, and writes down each: rules on a whole history need these too.

    They are numbered downwards from -1, since the crowd's are numbered from 0.
    """

    def __init__(self, cue: Cue) -> None:
        """Ask at this cue's edge, and write into its variant's history."""
        self._cue = cue
        self._next = -1

    def ask(
        self, f: str, args: dict[str, Any], method: str, path: str, token: str | None, body: object | None = None
    ) -> Any:
        """Return what was answered, a 2xx.

        Raises:
            EdgeError: it was refused, or not answered for so long.
        """
        attempts: list[Attempt] = []
        until = time.monotonic() + PATIENCE_S
        while True:
            told = self._attempt(attempts, method, path, token, body)
            if told.status not in UNSETTLED or time.monotonic() > until:
                break
            time.sleep(RETRY_S)
        done = 200 <= told.status < 300 and isinstance(told.body, dict)
        self._write(Operation(self._next, SCENE, f, args, None, _outcome(told), told.body if done else None, attempts))
        if not done:
            raise EdgeError(f"{method} {path}: {told.status} {told.body}", told.status)
        return told.body

    def _attempt(self, attempts: list[Attempt], method: str, path: str, token: str | None, body: object | None) -> Told:
        call_ns = time.monotonic_ns()
        try:
            told = ask(method, f"{self._cue.stage.url}{path}", body, token=token)
        except EdgeError:
            told = Told(0, None, None)
        code = "cut" if told.status == 0 else _code(told)
        epoch_ns = self._cue.stage.epoch_ns
        attempts.append(Attempt(call_ns - epoch_ns, time.monotonic_ns() - epoch_ns, told.status, code, told.node))
        return told

    def _write(self, operation: Operation) -> None:
        self._next -= 1
        with self._cue.directory.history.open("ab") as history:
            history.write(encode_operation(operation))


def _outcome(told: Told) -> Any:
    if 200 <= told.status < 300:
        return "ok"
    return "fail" if 400 <= told.status < 500 else "unknown"


def _code(told: Told) -> str | None:
    if 200 <= told.status < 300:
        return None
    code = told.body.get("code") if isinstance(told.body, dict) else None
    return code if isinstance(code, str) else "unreadable"
