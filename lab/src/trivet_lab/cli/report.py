"""``trivet report``: writes a run's page again."""

from __future__ import annotations

from trivet_lab.cli.which import which_run
from trivet_lab.console import Console
from trivet_lab.report import render
from trivet_lab.settings import lab_settings


def report(run: str = "latest") -> int:
    """Write a run's report.html again and print its path.

    Args:
        run: a run's directory, its id, or "latest".
    """
    settings = lab_settings()
    Console(plain=settings.plain).result(str(render(which_run(settings, run))))
    return 0
