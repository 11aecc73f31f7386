"""Asks ``trivet-porcupine`` about a history: the one program that a checker runs, a pure function of its input.

It starts no service and asks nobody; it is a search that Go does and Python would take too long for.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from trivet_lab.checkers._history import EvidenceError

PROGRAM = "trivet-porcupine"
TIMEOUT_S = 20
_GRACE_S = 20


class Answer(msgspec.Struct, frozen=True):
    """What it found: ``ok``, ``illegal`` with the first partition that is, or ``unknown`` if the time was too short."""

    result: str
    checked: int
    undecided: list[str]
    partition: str = ""
    witness: list[int] = []
    picture: str = ""


def program() -> Path | None:
    """Return where the program is, None if it was not built: beside this Python, else on PATH."""
    own = Path(sys.executable).with_name(PROGRAM)
    if own.exists():
        return own
    found = shutil.which(PROGRAM)
    return Path(found) if found else None


def ask(lines: Iterable[bytes], picture: Path, timeout_s: float = TIMEOUT_S) -> Answer:
    """Return what the program says of these operations; it draws what is illegal.

    Raises:
        EvidenceError: there is no such program, or it gave no answer.
    """
    found = program()
    if found is None:
        raise EvidenceError(f"{PROGRAM} was not built: `make test` builds it, or `go build` in tools/porcupine")
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.writelines(lines)
        file.flush()
        words = [str(found), "-timeout", f"{timeout_s}s", "-picture", str(picture), file.name]
        try:
            done = subprocess.run(words, capture_output=True, check=False, timeout=timeout_s + _GRACE_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EvidenceError(f"{PROGRAM} gave no answer: {error}") from error
    if done.returncode:
        raise EvidenceError(f"{PROGRAM} failed: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return msgspec.json.decode(done.stdout, type=Answer)
