"""``trivet-order``: what an operator runs."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

import cyclopts

from trivet_chassis import add_audit_command, add_shared_commands, configure_logs, run_command
from trivet_order import bootstrap
from trivet_order.entrypoints.api import openapi
from trivet_order.entrypoints.event_document import event_document
from trivet_order.entrypoints.parked import parked
from trivet_order.entrypoints.projector import serve_projector
from trivet_order.entrypoints.relay import serve as serve_relay
from trivet_order.entrypoints.saga import saga
from trivet_order.entrypoints.server import serve_api
from trivet_order.settings import MEMBER, Settings, settings_from_environment

app = cyclopts.App(name="trivet-order", help="Takes orders, and tells what became of them.")


@app.command
def migrate() -> None:
    """Bring the database to the newest shape, and make the topic if Kafka is set."""
    settings = settings_from_environment()
    configure_logs(MEMBER, "migrate", settings.log_level)
    bootstrap.migrate(settings)


@app.command
def api() -> None:
    """Serve HTTP until SIGTERM."""
    serve_api(bootstrap.build_api(settings_from_environment()))


@app.command
def projector() -> None:
    """Build the timeline from Kafka until SIGTERM."""
    serve_projector(bootstrap.build_projector(settings_from_environment()))


app.command(parked)
app.command(saga)


@app.command
def relay() -> None:
    """Publish what the outbox has until SIGTERM."""
    serve_relay(bootstrap.build_relay(settings_from_environment()))


@app.command
def events() -> None:
    """Print the AsyncAPI document of the events."""
    sys.stdout.write(json.dumps(event_document(), indent=2, ensure_ascii=False) + "\n")


add_audit_command(app, lambda: bootstrap.audit(settings_from_environment()))
add_shared_commands(app, Settings, MEMBER, settings_from_environment, openapi)


def main() -> NoReturn:
    """Run the command; exit 2 with a sentence for the operator if it cannot start."""
    run_command(app)
