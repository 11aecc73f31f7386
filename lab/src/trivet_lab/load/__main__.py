"""``python -m trivet_lab.load PLAN.json``: sends a plan's crowd, with the tokens that it reads from its input.

Exit codes: see ``trivet_lab.load.command``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from pathlib import Path

import uvloop

from trivet_lab.load.plan import read_plan
from trivet_lab.load.run import run
from trivet_lab.load.tokens import read_tokens

_BEFORE_THE_SERVERS = -10  # niceness


def go_first() -> None:
    """Be scheduled before the servers that share this machine, where that is allowed (root alone may).

    A generator that waits for a core is late, and its lateness would be counted as the servers'.
    """
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _BEFORE_THE_SERVERS)


def main(arguments: list[str]) -> int:
    """Send the crowd and return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the crowd listens for it, it ends like Ctrl-C
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m trivet_lab.load PLAN.json\n")
        return 254
    try:
        plan = read_plan(Path(arguments[0]))
        tokens = read_tokens(sys.stdin.buffer)
    except (OSError, ValueError) as error:  # a PlanError is one
        sys.stderr.write(f"the plan {arguments[0]} cannot be used:\n{error}\n")
        return 254
    go_first()
    try:
        summary = uvloop.run(run(plan, tokens))
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001  - whatever broke, the code says that it was the lab and not the shop
        traceback.print_exc()
        return 254
    return 130 if summary.interrupted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
