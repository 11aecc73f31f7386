"""Where everything of one run lies. ``trivet check`` and ``trivet report`` need this directory and nothing else."""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, datetime
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class VariantDirectory:
    """What belongs to one variant of a run."""

    path: Path

    @property
    def name(self) -> str:
        """The variant's name, which is the folder's."""
        return self.path.name

    @property
    def history(self) -> Path:
        """One line an operation (``history.py``)."""
        return self.path / "history.jsonl"

    @property
    def plan(self) -> Path:
        """What the crowd was to do, and what was there before it came: items, or accounts."""
        return self.path / "plan.json"

    @property
    def samples(self) -> Path:
        """Chart series: ``{"at_ns", "series", "label", "value"}`` a line, e.g. series ``stock``, label an item."""
        return self.path / "samples.jsonl"

    @property
    def load(self) -> Path:
        """What the load generator says of itself (``load/summary.py``)."""
        return self.path / "load.json"

    @property
    def faults(self) -> Path:
        """What was broken on purpose, one line a fault and part (``faults.py``); absent when nothing was."""
        return self.path / "faults.jsonl"

    @property
    def mutant(self) -> Path:
        """What was changed in the member that ran, as a unified diff; absent when nothing was."""
        return self.path / "mutant.diff"

    @property
    def events(self) -> Path:
        """What services told of themselves, one line an event (``events.py``); absent when they told nothing."""
        return self.path / "events.jsonl"

    @property
    def latency(self) -> Path:
        """HdrHistogram logs, ``<f>.hlog``."""
        return self.path / "latency"

    @property
    def ledgers(self) -> Path:
        """What the services' own ledgers said after the run, ``<member>.<name>.jsonl``."""
        return self.path / "ledger"

    @property
    def audits(self) -> Path:
        """What the services' own audits said after the run, ``<member>.json`` (``audits.py``)."""
        return self.path / "audit"

    @property
    def topics(self) -> Path:
        """What the services told everybody, ``<topic>.jsonl`` (``topics.py``)."""
        return self.path / "topics"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.path / "log"

    def ledger(self, name: str) -> Path:
        """Return the file of one ledger, e.g. ``inventory.purchases``."""
        return self.ledgers / f"{name}.jsonl"

    def audit(self, member: str) -> Path:
        """Return the file of one member's audit."""
        return self.audits / f"{member}.json"

    def topic(self, name: str) -> Path:
        """Return the file of one topic, e.g. ``order.events``."""
        return self.topics / f"{name}.jsonl"

    def create(self) -> VariantDirectory:
        """Make the folders and return itself."""
        for folder in (self.path, self.latency, self.ledgers, self.audits, self.topics, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        return self


@dataclasses.dataclass(frozen=True)
class RunDirectory:
    """One run: ``<UTC>-<scenario>-<seed>``."""

    path: Path

    @property
    def name(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def run(self) -> Path:
        """Written first: argv, seed, commit, machine, versions, what is simulated and what real."""
        return self.path / "run.json"

    @property
    def platform(self) -> Path:
        """Endpoints and pids of a platform that runs, 0600."""
        return self.path / "platform.json"

    @property
    def results(self) -> Path:
        """Written last, whole; absent means unfinished."""
        return self.path / "results.json"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    @property
    def logs(self) -> Path:
        """One file a process of what all variants share."""
        return self.path / "log"

    def variant(self, name: str) -> VariantDirectory:
        """Return a variant's directory, which may not exist yet."""
        return VariantDirectory(self.path / "variants" / name)

    def variants(self) -> list[VariantDirectory]:
        """Return the variants that are there, by name; ``run.json`` has the order in which they are run."""
        found = [VariantDirectory(path) for path in (self.path / "variants").glob("*") if path.is_dir()]
        return sorted(found, key=lambda variant: variant.name)


def create_run(runs: Path, scenario: str, seed: int) -> RunDirectory:
    """Make the directory of a new run and let ``latest`` point to it."""
    run = create_directory(runs, scenario, seed)
    link = runs / f".latest.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(run.name)
    link.replace(runs / "latest")
    return run


def create_directory(runs: Path, name: str, seed: int) -> RunDirectory:
    """Make a directory beside the runs for a platform that nobody judges; ``latest`` stays what it was.

    Two of one second and seed get different names: the directory is created exclusively and a number is
    appended until that succeeds.
    """
    runs.mkdir(parents=True, exist_ok=True)
    stem = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name}-{seed}"
    attempt = 0
    while True:
        path = runs / (stem if attempt == 0 else f"{stem}.{attempt}")
        try:
            path.mkdir()
            return RunDirectory(path)
        except FileExistsError:
            attempt += 1
