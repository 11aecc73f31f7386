"""Reads a run directory for its page. Everything may be missing or torn: a run that broke has a page too."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from trivet_lab.checkers import EvidenceError, Meeting, lease_meetings
from trivet_lab.evidence import (
    FaultRecord,
    Operation,
    Results,
    RunDirectory,
    VariantDirectory,
    VariantResult,
    Verdict,
    read_history,
    read_results,
)
from trivet_lab.latency import HlogError, merge_hlogs
from trivet_lab.load import main_operations
from trivet_lab.report import series
from trivet_lab.report.cost import Census, census_of
from trivet_lab.report.hall import HallTally
from trivet_lab.report.sagas import SagaStory, named_orders, stories_of
from trivet_lab.report.witness import names_in, versions_before

T = TypeVar("T")


class PlannedVariant(msgspec.Struct, frozen=True):
    """What a run intended with a variant before it began."""

    name: str
    expected: Verdict


class RunFacts(msgspec.Struct, frozen=True):
    """``run.json``: what was asked for, on what, and what of it was real."""

    run: str = ""
    scenario: str = ""
    seed: int | None = None
    command: str = ""
    started: str = ""
    commit: str = ""
    machine: dict[str, Any] = {}
    versions: dict[str, str] = {}
    real: list[str] = []
    simulated: list[str] = []
    parameters: dict[str, Any] = {}
    claim: str = ""
    variants: list[PlannedVariant] = []


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One line of ``samples.jsonl``."""

    at_ns: int
    series: str
    label: str
    value: float


class Cost(msgspec.Struct, frozen=True):
    """``load.json``, as far as the page shows it."""

    lateness_ms: dict[str, float] = {}
    cpu_share: float | None = None
    in_flight_max: int | None = None
    left_out: dict[str, int] = {}
    over_budget: list[str] = []


class ItemRow(msgspec.Struct, frozen=True):
    """One row of the ledger ``inventory.items``."""

    id: str
    initial_stock: int
    stock: int


class ChangeRow(msgspec.Struct, frozen=True):
    """One row of a ledger that changed a stock (purchases, restocks, moves of holds), as far as a chart needs it."""

    item_id: str
    item_version: int
    stock_after: int
    quantity: int | None = None
    key: str | None = None
    purchase_id: str | int | None = None
    restock_id: str | int | None = None

    def change(self) -> series.StockChange:
        """Return the row under the names by which a history knows it."""
        names = (self.key, self.purchase_id, self.restock_id)
        return series.StockChange(
            self.item_id, self.item_version, self.stock_after, tuple(str(name) for name in names if name is not None)
        )


@dataclasses.dataclass(frozen=True)
class VariantRecord:
    """All that one variant left, counted once."""

    name: str
    result: VariantResult | None
    tally: series.HistoryTally
    tracks: dict[str, series.Track]
    booked: bool
    latency: tuple[str, series.Percentiles | None]
    before: list[dict[str, Any]]
    cost: Cost
    torn: bool
    faults: list[FaultRecord]
    pictures: dict[str, str]
    meetings: list[Meeting]
    census: Census
    diff: str
    hall: dict[str, Any] | None
    sagas: dict[str, SagaStory]


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """All that a run left."""

    name: str
    facts: RunFacts
    results: Results | None
    variants: list[VariantRecord]


def read_run(run: RunDirectory) -> RunRecord:
    """Return everything that the page needs; the histories are read one line at a time."""
    facts = _one(run.run, RunFacts)
    results = read_results(run.results) if run.results.exists() else None
    judged = {variant.name: variant for variant in results.variants} if results else {}
    directories = {directory.name: directory for directory in run.variants()}
    planned = [variant.name for variant in facts.variants if variant.name in directories] if facts else []
    names = dict.fromkeys([*judged, *planned, *directories])
    variants = [_variant(directories.get(name) or run.variant(name), judged.get(name)) for name in names]
    return RunRecord(run.name, facts or RunFacts(), results, variants)


def _variant(directory: VariantDirectory, result: VariantResult | None) -> VariantRecord:
    rows = [
        row
        for name in ("inventory.purchases", "inventory.restocks", "inventory.stock_moves")
        for row in _lines(directory.ledger(name), ChangeRow)
    ]
    changes = [row.change() for row in rows]
    proof = [line for finding in (result.checks if result else []) for line in finding.witness]
    wanted = versions_before(proof)
    before = [msgspec.to_builtins(row) for row in rows if (row.item_id, row.item_version) in wanted]
    keep = names_in([*proof, *before])
    tally = series.HistoryTally({name for change in changes for name in change.names}, keep)
    hall = HallTally()
    torn = False
    try:
        for operation in _operations(directory.history):
            tally.add(operation)
            hall.add(operation)
    except msgspec.DecodeError:
        torn = True
    tracks, booked = _tracks(directory, changes, tally)
    return VariantRecord(
        name=directory.name,
        result=result,
        tally=tally,
        tracks=tracks,
        booked=booked,
        latency=_percentiles(directory, tally),
        before=before,
        cost=_one(directory.load, Cost) or Cost(),
        torn=torn,
        faults=list(_lines(directory.faults, FaultRecord)),
        pictures={
            path.stem: f"variants/{directory.name}/{path.name}" for path in sorted(directory.path.glob("*.html"))
        },
        meetings=_meetings(directory),
        hall=hall.chart(),
        sagas=stories_of(directory, frozenset(named_orders(proof))),
        diff=directory.mutant.read_text(errors="replace") if directory.mutant.exists() else "",
        census=census_of(
            (line.at_ns, line.series, line.label, line.value) for line in _lines(directory.samples, Sample)
        ),
    )


def _meetings(directory: VariantDirectory) -> list[Meeting]:
    """Return who used a lease while another one was in use; nobody where nobody told, or what was told is torn."""
    try:
        return lease_meetings(directory)
    except EvidenceError:
        return []


def _tracks(
    directory: VariantDirectory, changes: list[series.StockChange], tally: series.HistoryTally
) -> tuple[dict[str, series.Track], bool]:
    """Return every item's stock over time, and whether it is the ledger's, which misses nothing, or as sampled.

    A sampler sees a stock a few times a second, and less often the busier the shop is: a dip below zero between
    two samples would be lost. But only a run that ended has a ledger, and only a history gives it a clock.
    """
    tracks = series.tracks_from_samples(
        (line.at_ns, line.label, int(line.value))
        for line in _lines(directory.samples, Sample)
        if line.series == "stock"
    )
    booked = bool(changes and tally.ended_ns)
    if booked:
        initial = {row.id: row.initial_stock for row in _lines(directory.ledger("inventory.items"), ItemRow)}
        tracks |= series.tracks_from_ledger(initial, changes, tally.ended_ns)
    return tracks, booked


def _percentiles(directory: VariantDirectory, tally: series.HistoryTally) -> tuple[str, series.Percentiles | None]:
    """Return from where a latency counts, and the distribution: as recorded if it was, else from the history."""
    try:
        recorded = merge_hlogs(directory.latency, main_operations(directory.plan))
    except HlogError:
        recorded = None
    if recorded is None or recorded.count == 0:
        return "was sent", series.percentiles_of_values(tally.latencies_ms)
    return "was due", series.percentiles_of_histogram(recorded)


def _operations(path: Path) -> Iterator[Operation]:
    """Yield a history that may not exist, without operations that were never sent."""
    if path.exists():
        yield from (operation for operation in read_history(path) if operation.attempts)


def _one(path: Path, kind: type[T]) -> T | None:
    """Return a file's one object, None if it is missing or was not written whole."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _lines(path: Path, kind: type[T]) -> Iterator[T]:
    """Yield a file's lines up to the first torn one; nothing if it is missing."""
    if not path.exists():
        return
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as lines:
        for line in lines:
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError:
                return
