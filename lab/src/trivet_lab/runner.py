"""Runs a scenario: each variant on stage, the crowd, the ledgers, the checkers, the results, the report."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from trivet_lab.console import Console
from trivet_lab.evidence import (
    PlannedFault,
    PlannedVariant,
    Results,
    RunDirectory,
    RunRecord,
    VariantDirectory,
    VariantResult,
    collect_events,
    command_line,
    commit_of,
    machine,
    now_utc,
    plain_parameters,
    write_record,
    write_results,
)
from trivet_lab.faults import Conductor, conditions_of, plan_faults, targets_of
from trivet_lab.members import Member, collect_audits, collect_ledgers, collect_topics
from trivet_lab.mutants import find_mutants, lay_over
from trivet_lab.report import render
from trivet_lab.scenarios import Scenario, Variant
from trivet_lab.scene import Cue
from trivet_lab.settings import LabSettings, lab_settings
from trivet_lab.topologies import Shop, link_names, part_names
from trivet_lab.verdict import judge_variant, summarise
from trivet_platform import server_versions

RECOVERY_S = 5
"""How much longer than a fault its consequences last: a server starts again, and a dead holder's lease ends."""
FAULT_CHECKERS = ("faults_effective", "available_after_heal")


@dataclasses.dataclass(frozen=True)
class Order:
    """What a person asked for: a scenario, its parameters, which variants, the words it was asked with, and faults."""

    scenario: Scenario[Any]
    parameters: Any
    variants: Sequence[Variant]
    seed: int
    words: Sequence[str]
    faults: Sequence[PlannedFault] = ()

    @property
    def checkers(self) -> list[str]:
        """The rules that judge it: the scenario's, and with faults those that ask whether they really happened."""
        return [*self.scenario.checkers, *(FAULT_CHECKERS if self.faults else ())]


def plan_order(
    scenario: Scenario[Any],
    parameters: Any,
    members: Sequence[Member],
    seed: int,
    words: str | None = None,
    variants: Sequence[Variant] | None = None,
) -> list[PlannedFault]:
    """Return what is broken in a run: what a person asked for in words, else what the scenario brings itself.

    ``variants`` are those that are run, all when None: one schedule is for all of them, so chance breaks no link that
    one of them does not use.

    Raises:
        FaultError: one sentence about the first thing that is wrong.
    """
    asked = words or scenario.faults
    parts = [*part_names(members), *link_names(members)]
    run = scenario.variants if variants is None else variants
    idle = frozenset[str]().union(*(variant.idle for variant in run))
    return plan_faults(asked, parts, seed, scenario.load_s(parameters), idle) if asked else []


def fresh_seed() -> int:
    """Return a seed for a run that names none; it is written down and printed, so the crowd can be sent again."""
    return secrets.randbelow(1_000_000)


def planned_variant(variant: Variant) -> PlannedVariant:
    """Return what a run's record keeps of a variant."""
    breaks, own = sorted(variant.breaks), list(variant.checkers)
    return PlannedVariant(variant.name, variant.expected, breaks, own, variant.mutant)


def record_order(order: Order, run: RunDirectory, settings: LabSettings) -> RunRecord:
    """Write ``run.json`` before anything starts, so that a run that breaks still says what it was."""
    record = RunRecord(
        run=run.name,
        scenario=order.scenario.name,
        claim=order.scenario.claim,
        seed=order.seed,
        argv=list(order.words),
        command=command_line(order.words),
        started=now_utc(),
        commit=commit_of(settings.root),
        machine=machine(),
        versions=server_versions(),
        real=list(order.scenario.real),
        simulated=list(order.scenario.simulated),
        parameters=dict(plain_parameters(order.parameters)),
        variants=[planned_variant(variant) for variant in order.variants],
        checkers=order.checkers,
        faults=list(order.faults),
    )
    write_record(run.run, record)
    return record


def run_order(order: Order, run: RunDirectory, shop: Shop, members: Sequence[Member], console: Console) -> Results:
    """Run every variant of an order on an open shop and write ``results.json`` and ``report.html``.

    Raises:
        CrowdFailed, StageFailed, EdgeError: the lab broke; nothing is said about the product then, and
            ``results.json`` stays absent.
    """
    # One variant is judged while the next is put on stage, as audits and migrations each keep one processor waiting;
    # and never while a crowd is there, as it would bend what that one meets.
    judged: list[Future[VariantResult]] = []
    with ThreadPoolExecutor(max_workers=1) as judge:
        for variant in order.variants:
            played = _play_variant(order, variant, run, shop, members, console, judged)
            judged.append(judge.submit(_judge_variant, order, variant, shop, members, played))
    results = [each.result() for each in judged]
    whole = summarise(run.name, order.scenario.name, results)
    write_results(run.results, whole)
    render(run)
    return whole


@dataclasses.dataclass(frozen=True)
class _Played:
    """What a variant left behind: its directory, and where its books can still be asked, by member."""

    directory: VariantDirectory
    readers: Mapping[str, str]


def _play_variant(
    order: Order,
    variant: Variant,
    run: RunDirectory,
    shop: Shop,
    members: Sequence[Member],
    console: Console,
    before: Sequence[Future[VariantResult]],
) -> _Played:
    """Run a variant's crowd, once those ``before`` are judged, and keep what the next one's stage would take away."""
    directory = run.variant(variant.name).create()
    console.say(f"  {order.scenario.name} · {variant.name}")
    conditions = conditions_of(order.faults)
    lab = variant.lab or any(needed.variables for needed in conditions.values())
    links = {part for fault in order.faults for part in fault.parts} & set(link_names(members))
    with (
        _started_with(variant, directory, console) as own,
        shop.stage(
            variant.name,
            own,
            lab=lab,
            links=links,
            conditions=conditions,
            members=order.scenario.members,
        ) as stage,
    ):
        for judged in before:
            judged.result()  # and not another crowd for a run whose judging broke
        if order.faults:
            targets = targets_of(stage.parts, shop.start, shop.logs)
            with Conductor(order.faults, targets, stage.epoch_ns, directory.faults) as conductor:
                outage_s = max(fault.for_s for fault in order.faults) + RECOVERY_S
                cue = Cue(stage, order.seed, directory, console, conductor.begin, outage_s, variant.limits)
                order.scenario.play(cue, order.parameters)
        else:
            cue = Cue(stage, order.seed, directory, console, limits=variant.limits)
            order.scenario.play(cue, order.parameters)
        stage.ensure_whole()
    # The replicas have drained and ended: no request is in flight, so the books are final.
    collect_ledgers(members, stage.readers, directory)
    collect_topics(members, stage.kafka, directory)
    _keep_logs(shop, variant, directory)
    collect_events(sorted(directory.logs.glob("*.log")), stage.epoch_ns, directory.events)
    return _Played(directory, stage.readers)


def _judge_variant(
    order: Order, variant: Variant, shop: Shop, members: Sequence[Member], played: _Played
) -> VariantResult:
    """Have every member prove its books, and judge by them and by all that was kept."""
    directory = played.directory
    collect_audits(members, played.readers, directory, shop.starter)
    planned = planned_variant(variant)
    return judge_variant(directory, planned, order.checkers, order.scenario.figures(directory))


@contextlib.contextmanager
def _started_with(
    variant: Variant, directory: VariantDirectory, console: Console
) -> Iterator[Mapping[str, Mapping[str, str]]]:
    """Yield the settings of a variant's members; of one with a mutant, those that let its copy run, until the end."""
    if not variant.mutant:
        yield variant.settings
        return
    mutant = find_mutants(lab_settings().root)[variant.mutant]
    copy = directory.path / "mutant"
    try:
        overlay = lay_over(mutant, copy)
        directory.mutant.write_text(overlay.diff)
        console.say(f"  {mutant.name}: its copy was made in {overlay.took_s:.1f} s")
        own = {**variant.settings.get(mutant.starts, {}), **overlay.environment}
        yield {**variant.settings, mutant.starts: own}
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _keep_logs(shop: Shop, variant: Variant, directory: VariantDirectory) -> None:
    for log in shop.logs.glob(f"{variant.name}.*.log"):
        log.rename(directory.logs / log.name.removeprefix(f"{variant.name}."))
