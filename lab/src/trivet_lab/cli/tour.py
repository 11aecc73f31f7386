"""``trivet run tour``: every scenario's chapter on one platform, each a few seconds, then one table."""

from __future__ import annotations

import traceback
from typing import Any, NamedTuple

import msgspec

from trivet_lab.cli.opened import opened
from trivet_lab.cli.table import explain, table
from trivet_lab.console import Console
from trivet_lab.evidence import Results, RunDirectory, create_directory, create_run
from trivet_lab.members import find_members
from trivet_lab.runner import Order, fresh_seed, plan_order, record_order, run_order
from trivet_lab.scenarios import Chapter, Scenario, find_scenarios
from trivet_lab.settings import LabSettings, lab_settings
from trivet_lab.topologies import Shop
from trivet_lab.verdict import EXIT_BROKE, EXIT_UNKNOWN, judge


def chapters() -> list[tuple[Scenario[Any], Chapter[Any]]]:
    """Return the scenarios that have a chapter, in the tour's order."""
    found = [(scenario, scenario.chapter) for scenario in find_scenarios().values() if scenario.chapter is not None]
    return sorted(found, key=lambda pair: pair[1].place)


class Played(NamedTuple):
    """A chapter that was played: where its evidence lies, what it claims, and what came of it."""

    run: RunDirectory
    claim: str
    results: Results


class Tour:
    """One walk through the chapters on one platform."""

    def __init__(self, settings: LabSettings, seed: int, console: Console) -> None:
        """Make the directory in which the platform of the whole tour lives."""
        self._settings = settings
        self._seed = seed
        self._console = console
        self.run = create_directory(settings.runs, "tour", seed)
        self.finished: list[Played] = []
        self.broken: list[str] = []

    def walk(self) -> None:
        """Run every chapter; one that breaks is told and does not stop the others."""
        members = find_members(self._settings.root)
        needed = {name: members[name] for scenario, _ in chapters() for name in scenario.members}
        with opened(self.run, needed, self._settings, self._console) as shop:
            for scenario, chapter in chapters():
                self._chapter(scenario, chapter, shop)

    def _chapter(self, scenario: Scenario[Any], chapter: Chapter[Any], shop: Shop) -> None:
        """Play a chapter; one of which nothing is known is played once more, with another crowd.

        Whether a crowd meets at its rush is chance, and a machine that does something else meanwhile is late. What was
        found wrong, or valid where it must not be, stands.
        """
        played = self._play(scenario, chapter, shop, self._seed)
        if played is not None and judge(played.results.variants).exit_code == EXIT_UNKNOWN:
            for sentence in explain_misses(played.results):
                self._console.say(f"  {sentence}")
            self._console.say(f"  {scenario.name}: nothing is known, so once more with another crowd")
            played = self._play(scenario, chapter, shop, self._seed + 1)
        if played is not None:
            self.finished.append(played)

    def _play(self, scenario: Scenario[Any], chapter: Chapter[Any], shop: Shop, seed: int) -> Played | None:
        """Return what came of it; None if it broke."""
        run = create_run(self._settings.runs, scenario.name, seed)
        words = ["run", "tour", "--seed", str(seed)]
        members = [member for name, member in find_members(self._settings.root).items() if name in scenario.members]
        faults = plan_order(scenario, chapter.parameters, members, seed)
        order = Order(scenario, chapter.parameters, list(scenario.variants), seed, words, faults)
        record_order(order, run, self._settings)
        try:
            return Played(run, scenario.claim, run_order(order, run, shop, members, self._console))
        except Exception as error:  # noqa: BLE001  - a chapter that breaks, however, must not hide the others
            (run.path / "broken.txt").write_text(traceback.format_exc())
            self.broken.append(f"✗ {scenario.name} broke: {error} ({run.path / 'broken.txt'})")
            return None

    def code(self) -> int:
        """Return the tour's exit code: a verdict that differs counts more than a chapter that broke."""
        code = judge([variant for _, _, results in self.finished for variant in results.variants]).exit_code
        return code if code == 1 or not self.broken else EXIT_BROKE


def tour(*, seed: int | None = None, json: bool = False) -> int:
    """Walk through every claim, a few seconds each, on one platform; then one table and a report.

    Args:
        seed: the same seed sends the same crowds.
        json: print the runs and their results as one JSON object.
    """
    settings = lab_settings()
    console = Console(plain=settings.plain)
    walked = Tour(settings, fresh_seed() if seed is None else seed, console)
    walked.walk()
    names = [run.name for run, _, _ in walked.finished]
    walked.run.results.write_bytes(msgspec.json.encode({"runs": names}) + b"\n")
    if json:
        console.result_json({"runs": names, "results": [results for _, _, results in walked.finished]})
        return walked.code()
    for line in table([(claim, results) for _, claim, results in walked.finished]):
        console.result(line)
    for sentence in [*walked.broken, *(line for _, _, results in walked.finished for line in explain_misses(results))]:
        console.result(sentence)
    console.result("")
    for run, _, _ in walked.finished:
        console.result(f"report     {run.report}")
    console.result("try it     ./trivet up")
    for sentence in dict.fromkeys(word for scenario, _ in chapters() for word in scenario.simulated):
        console.result(f"simulated  {sentence}")
    return walked.code()


def explain_misses(results: Results) -> list[str]:
    """Return what is not as expected, a line each; what is meant to be invalid needs no line."""
    off = [variant for variant in results.variants if not variant.as_expected]
    return explain(msgspec.structs.replace(results, variants=off))
