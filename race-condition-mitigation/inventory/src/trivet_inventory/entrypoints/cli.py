"""``trivet-inventory``: what an operator runs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, NoReturn, TextIO

import cyclopts
from cyclopts import Parameter

from trivet_chassis import SettingsError, WrongDatabase, configure_logs, describe_settings
from trivet_inventory import bootstrap
from trivet_inventory.entrypoints.api import openapi
from trivet_inventory.entrypoints.server import serve
from trivet_inventory.settings import MEMBER, Settings, settings_from_environment

app = cyclopts.App(name="trivet-inventory", help="Sells items that run out, and never one too many.")


@app.command
def migrate() -> None:
    """Bring the database to the shape that the chosen strategy wants."""
    settings = settings_from_environment()
    configure_logs(MEMBER, "migrate", settings.log_level)
    bootstrap.migrate(settings)


@app.command
def api() -> None:
    """Serve HTTP until SIGTERM."""
    serve(bootstrap.build(settings_from_environment()))


@app.command(name="settings")
def show_settings(*, json_: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """Print every setting: its variable, meaning, default and, if the environment is valid, its value.

    Parameters
    ----------
    json_
        One JSON object on stdout.
    """
    try:
        present, faults = settings_from_environment(), []
    except SettingsError as error:
        present, faults = None, error.faults
    described = describe_settings(Settings, MEMBER, present)
    if json_:
        _say(json.dumps({"settings": [asdict(one) for one in described], "faults": faults}, indent=2))
        return
    for one in described:
        default = "required" if one.required else f"default {one.default or 'none'}"
        value = f" = {one.value}" if one.value is not None else ""
        _say(f"{one.variable}{value}\n    {one.help} ({one.type}; {default})")
    for fault in faults:
        _say(f"✗ {fault}", sys.stderr)


@app.command(name="openapi")
def show_openapi() -> None:
    """Print the OpenAPI document."""
    _say(json.dumps(openapi(), indent=2, ensure_ascii=False))


def _say(text: str, file: TextIO | None = None) -> None:
    print(text, file=file)


def main() -> NoReturn:
    """Run the command; exit 2 with a sentence for the operator if it cannot start."""
    try:
        app(sys.argv[1:])
    except SettingsError as error:
        for fault in error.faults:
            _say(f"✗ {fault}", sys.stderr)
        sys.exit(2)
    except WrongDatabase as error:
        _say(f"✗ {error}", sys.stderr)
        sys.exit(2)
    sys.exit(0)
