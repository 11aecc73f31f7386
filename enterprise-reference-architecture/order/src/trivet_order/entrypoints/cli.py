"""``trivet-order``: what an operator runs."""

from __future__ import annotations

from typing import NoReturn

import cyclopts

from trivet_chassis import add_audit_command, add_shared_commands, configure_logs, run_command
from trivet_order import bootstrap
from trivet_order.entrypoints.api import openapi
from trivet_order.entrypoints.server import serve_api
from trivet_order.settings import MEMBER, Settings, settings_from_environment

app = cyclopts.App(name="trivet-order", help="Takes orders, and tells what became of them.")


@app.command
def migrate() -> None:
    """Bring the database to the newest shape."""
    settings = settings_from_environment()
    configure_logs(MEMBER, "migrate", settings.log_level)
    bootstrap.migrate(settings)


@app.command
def api() -> None:
    """Serve HTTP until SIGTERM."""
    serve_api(bootstrap.build_api(settings_from_environment()))


add_audit_command(app, lambda: bootstrap.audit(settings_from_environment()))
add_shared_commands(app, Settings, MEMBER, settings_from_environment, openapi)


def main() -> NoReturn:
    """Run the command; exit 2 with a sentence for the operator if it cannot start."""
    run_command(app)
