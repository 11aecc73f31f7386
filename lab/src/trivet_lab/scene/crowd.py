"""Sends a planned crowd: the load generator runs in a process of its own, and its progress is shown."""

from __future__ import annotations

import contextlib
import subprocess

import msgspec

from trivet_lab.load import Plan, Tokens, command, write_plan, write_tokens
from trivet_lab.scene.cue import Cue
from trivet_lab.settings import child_environment

LAST_LINES = 20
INTERRUPTED = 130


class CrowdFailed(Exception):
    """The load generator ended by a defect of its own; the text ends with what it printed last."""


class _Progress(msgspec.Struct):
    at_s: float
    ok: int
    refused: int
    unknown: int
    in_flight: int


def send_crowd(plan: Plan, cue: Cue, tokens: Tokens | None = None) -> None:
    """Run the load generator until every operation has ended, with the errand's own tokens and ``tokens`` beside them.

    The generator is a process of its own so that its clock is not held up by anything else of the lab. It is in
    the lab's process group: a Ctrl-C reaches it too, and it then writes what it has.

    Raises:
        CrowdFailed: it ended with anything but 0.
        KeyboardInterrupt: it was interrupted.
    """
    path = write_plan(cue.directory.plan, plan)
    shown = dict(tokens or {})
    for scope, subjects in plan.errand.subjects(plan).items():
        shown |= cue.stage.tokens(subjects, scope)
    if cue.limits is not None:
        # Only now: who sets a scene up asks for much in one name, and is no part of what is tried.
        cue.stage.limit(cue.limits)
    decoder = msgspec.json.Decoder(_Progress)
    log = cue.directory.logs / "load.log"
    with (
        log.open("wb") as errors,
        cue.console.meter(cue.stage.name, plan.duration_s) as meter,
        subprocess.Popen(
            command(path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=child_environment({}),
        ) as process,
    ):
        try:
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # it ended already, and its exit code says why
                    write_tokens(process.stdin, shown)
            for line in process.stdout or ():
                now = decoder.decode(line)
                cue.begun(now.at_s)
                meter.show(
                    now.at_s,
                    f"{now.ok} {plan.errand.DONE}, {now.refused} refused, "
                    f"{now.unknown} unknown, {now.in_flight} in flight",
                )
        except BaseException:
            process.terminate()
            raise
    if process.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    if process.returncode != 0:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
        raise CrowdFailed(f"the load generator ended with {process.returncode}\n{last}")
