"""``trivet-order``: what an operator runs."""

from __future__ import annotations

from typing import NoReturn

import cyclopts

from trivet_chassis import configure_logs, run_command
from trivet_order import bootstrap, migrations
from trivet_order.entrypoints.parked import parked
from trivet_order.entrypoints.projector import serve as serve_projector
from trivet_order.settings import MEMBER, settings_from_environment

app = cyclopts.App(name="trivet-order", help="Takes orders, and tells what became of them.")
app.command(parked)


@app.command
def migrate() -> None:
    """Bring the database to its newest shape."""
    settings = settings_from_environment()
    configure_logs(MEMBER, "migrate", settings.log_level)
    migrations.migrate(settings.database_url)


@app.command
def projector() -> None:
    """Build the timeline from Kafka until SIGTERM."""
    serve_projector(bootstrap.build_projector(settings_from_environment()))


def main() -> NoReturn:
    """Run the command; exit 2 with a sentence for the operator if it cannot start."""
    run_command(app)
