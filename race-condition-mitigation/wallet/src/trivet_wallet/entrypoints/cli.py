"""``trivet-wallet``: what an operator runs."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, NoReturn, TextIO

import cyclopts

from trivet_chassis import Audit, add_audit_command, add_shared_commands, configure_logs, run_command
from trivet_wallet import bootstrap, framework
from trivet_wallet.audit import audit
from trivet_wallet.connection import nothing_to_verify
from trivet_wallet.entrypoints.staff import configuration
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


@app.command
def admin() -> None:
    """Serve the staff's pages until SIGTERM."""
    settings = settings_from_environment()
    wallet = bootstrap.build(settings, **configuration.pages(settings))
    importlib.import_module("trivet_wallet.entrypoints.staff.serving").serve(wallet)


@app.command
def staff(name: str, *, may_adjust: bool = False, password_stdin: bool = False) -> None:
    """Let somebody see the staff's pages, or give him another password; without one, one is made up and printed once.

    Parameters
    ----------
    name
        Under which he logs in.
    may_adjust
        Whether he may move money, with a reason.
    password_stdin
        Whether his password is the first line of stdin.
    """
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    made_up = _people().enrol(name, password, may_adjust=may_adjust)
    if made_up is not None:
        _say(made_up)


@app.command
def dismiss(name: str) -> None:
    """Keep somebody out of the staff's pages from his next request on.

    Parameters
    ----------
    name
        Under which he logged in.
    """
    if not _people().dismiss(name):
        _say(f"✗ there is nobody named {name}", sys.stderr)
        sys.exit(1)


def _people() -> ModuleType:
    settings = settings_from_environment()
    framework.configure(settings, nothing_to_verify, **configuration.people())
    return importlib.import_module("trivet_wallet.entrypoints.staff.people")


def _prove() -> Audit:
    with framework.connect(settings_from_environment()) as connection:
        return audit(connection)


def _openapi() -> dict[str, Any]:
    """Return the OpenAPI document; it needs Django, and no database."""
    framework.configure_alone()
    routes = importlib.import_module("trivet_wallet.entrypoints.routes")
    documentation = importlib.import_module("trivet_wallet.entrypoints.documentation")
    document: dict[str, Any] = documentation.describe(routes.api)
    return document


add_audit_command(app, _prove)
add_shared_commands(app, Settings, MEMBER, settings_from_environment, _openapi)


def _say(text: str, file: TextIO | None = None) -> None:
    print(text, file=file)


def main() -> NoReturn:
    """Run the command; exit 2 with a sentence for the operator if it cannot start."""
    run_command(app)
