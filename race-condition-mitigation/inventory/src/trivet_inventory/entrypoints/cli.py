"""``trivet-inventory``: what an operator runs."""

from __future__ import annotations

from typing import NoReturn

import cyclopts

from trivet_chassis import add_shared_commands, configure_logs, run_command
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


add_shared_commands(app, Settings, MEMBER, settings_from_environment, openapi)


def main() -> NoReturn:
    """Run the command; exit 2 with a sentence for the operator if it cannot start."""
    run_command(app)
