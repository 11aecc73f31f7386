"""``trivet env``: the addresses of the shop that is up, for a shell."""

from __future__ import annotations

import shlex

from trivet_lab.console import Console
from trivet_lab.control import find_running
from trivet_lab.settings import lab_settings


def env(*, json: bool = False) -> int:
    """Print the addresses of the shop that is up: eval "$(./trivet env)".

    The token of its control API is not among them, so that it stays out of a shell's history and environment; where it
    stands is told on stderr.

    Args:
        json: print one JSON object instead of shell exports.
    """
    settings = lab_settings()
    console = Console(plain=settings.plain)
    running = find_running(settings.runs)
    if json:
        console.result_json(running.environment)
    else:
        for name, value in running.environment.items():
            console.result(f"export {name}={shlex.quote(value)}")
    console.say(f"the control API's token is the `token` of {running.file}")
    return 0
