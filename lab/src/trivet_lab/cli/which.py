"""Finds the run that a person means: a path, a run's id, or ``latest``."""

from __future__ import annotations

from pathlib import Path

from trivet_lab.evidence import RunDirectory
from trivet_lab.settings import LabSettings


def which_run(settings: LabSettings, name: str) -> RunDirectory:
    """Return a run's directory.

    Raises:
        FileNotFoundError: nothing of that name holds a ``run.json``; the sentence lists the newest runs.
    """
    for path in (Path(name), settings.runs / name):
        if (path / "run.json").exists():
            return RunDirectory(path.resolve())
    newest = sorted((path.parent.name for path in settings.runs.glob("*Z-*/run.json")), reverse=True)[:5]
    listed = f"; the newest runs: {', '.join(newest)}" if newest else "; there is no run yet: ./trivet run tour"
    raise FileNotFoundError(f"no run called {name}{listed}")
