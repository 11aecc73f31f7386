"""``trivet-wallet``: what an operator runs."""

from __future__ import annotations

import importlib
from typing import Any, NoReturn

import cyclopts

from trivet_chassis import add_shared_commands, configure_logs, run_command
from trivet_wallet import bootstrap, framework
from trivet_wallet.settings import MEMBER, Settings, settings_from_environment

app = cyclopts.App(name="trivet-wallet", help="A double-entry ledger in which no coin is spent twice.")


@app.command
def migrate() -> None:
    """Bring the database to the shape that the chosen strategy wants."""
    settings = settings_from_environment()
    configure_logs(MEMBER, "migrate", settings.log_level)
    bootstrap.migrate(settings)


@app.command
def api() -> None:
    """Serve HTTP until SIGTERM."""
    wallet = bootstrap.build(settings_from_environment())
    importlib.import_module("trivet_wallet.entrypoints.server").serve(wallet)


def _openapi() -> dict[str, Any]:
    """Return the OpenAPI document; it needs Django, and no database."""
    framework.configure_alone()
    routes = importlib.import_module("trivet_wallet.entrypoints.routes")
    documentation = importlib.import_module("trivet_wallet.entrypoints.documentation")
    document: dict[str, Any] = documentation.describe(routes.api)
    return document


add_shared_commands(app, Settings, MEMBER, settings_from_environment, _openapi)


def main() -> NoReturn:
    """Run the command; exit 2 with a sentence for the operator if it cannot start."""
    run_command(app)
