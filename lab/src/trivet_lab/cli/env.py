"""``trivet env``: the addresses of the shop that is up, for a shell."""

from __future__ import annotations

import json
import shlex

from trivet_lab.console import Console
from trivet_lab.settings import LabSettings, lab_settings
from trivet_platform import alive


class NothingUp(FileNotFoundError):
    """No platform of this checkout runs."""


def running_environment(settings: LabSettings) -> dict[str, str]:
    """Return the addresses of the newest platform of this checkout that is alive.

    Raises:
        NothingUp: none is.
    """
    for path in sorted(settings.runs.glob("*/platform.json"), reverse=True):
        platform = json.loads(path.read_text())
        if "environment" in platform and alive(platform["owner"]):
            return {str(name): str(value) for name, value in platform["environment"].items()}
    raise NothingUp("no shop of this checkout is up: ./trivet up")


def env(*, json: bool = False) -> int:
    """Print the addresses of the shop that is up: eval "$(./trivet env)".

    Args:
        json: print one JSON object instead of shell exports.
    """
    settings = lab_settings()
    console = Console(plain=settings.plain)
    found = running_environment(settings)
    if json:
        console.result_json(found)
    else:
        for name, value in found.items():
            console.result(f"export {name}={shlex.quote(value)}")
    return 0
