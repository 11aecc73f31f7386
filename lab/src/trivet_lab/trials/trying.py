"""Runs trials one after the other on one platform: each mutant behind the same edge, on databases of its own."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Sequence
from typing import Any

from trivet_lab.console import Console
from trivet_lab.evidence import RunDirectory, VariantResult, create_run
from trivet_lab.members import Member
from trivet_lab.mutants import Arrangement, MutantError
from trivet_lab.runner import Order, plan_order, record_order, run_order
from trivet_lab.scenarios import Scenario, Variant, find_scenarios
from trivet_lab.settings import LabSettings
from trivet_lab.topologies import Shop
from trivet_lab.trials.conclusion import Conclusion, conclude, conclude_control
from trivet_lab.trials.sample import Trial


@dataclasses.dataclass(frozen=True)
class Tried:
    """What became of a trial: ``caught`` are the rules that said *invalid*, ``run`` is where its evidence lies."""

    trial: Trial
    conclusion: Conclusion
    caught: tuple[str, ...]
    run: str
    reason: str = ""


class Trials:
    """A shop on which trials are run."""

    def __init__(self, settings: LabSettings, shop: Shop, members: Sequence[Member], seed: int, console: Console):
        """Try on this open shop."""
        self._settings = settings
        self._shop = shop
        self._members = members
        self._seed = seed
        self._console = console
        self._scenarios = find_scenarios()

    def attempt(self, trial: Trial) -> Tried:
        """Run a trial; one of which nothing was learnt is run once more, with another crowd."""
        first = self._run(trial, self._seed)
        if first.conclusion is not Conclusion.INCONCLUSIVE:
            return first
        self._console.say(f"  {trial.name}: {first.reason or 'unknown'}; once more")
        return self._run(trial, self._seed + 1)

    def _run(self, trial: Trial, seed: int) -> Tried:
        own = trial.mutant.name if trial.mutant else trial.arrangement.variant
        run = create_run(self._settings.runs, f"{trial.arrangement.scenario}-{own}", seed)
        try:
            order = self._order(trial, seed)
            record_order(order, run, self._settings)
            members = self._needed_by(order.scenario)
            [result] = run_order(order, run, self._shop, members, self._console).variants
        except Exception as error:  # noqa: BLE001  - one that breaks, however, must not hide the others
            (run.path / "broken.txt").write_text(traceback.format_exc())
            return Tried(trial, Conclusion.BROKE, (), run.name, str(error).partition("\n")[0])
        return _tried(trial, result, run)

    def _order(self, trial: Trial, seed: int) -> Order:
        scenario, variant, parameters = self._arranged(trial.arrangement)
        planned = plan_order(scenario, parameters, self._needed_by(scenario), seed, trial.arrangement.faults)
        again = ["mutants", *(["--only", trial.mutant.name] if trial.mutant else []), "--seed", str(seed)]
        order = Order(scenario, parameters, [self._variant(trial, variant)], seed, again, planned)
        return _with_needed(order, trial)

    def _needed_by(self, scenario: Scenario[Any]) -> list[Member]:
        return [member for member in self._members if member.name in scenario.members]

    def _arranged(self, arrangement: Arrangement) -> tuple[Scenario[Any], Variant, Any]:
        """Return the scenario, its variant and the sizes that an arrangement names."""
        scenario = self._scenarios.get(arrangement.scenario)
        if scenario is None:
            raise MutantError(f"there is no scenario {arrangement.scenario}")
        variant = next((each for each in scenario.variants if each.name == arrangement.variant), None)
        if variant is None:
            raise MutantError(f"{scenario.name} has no variant {arrangement.variant}")
        if arrangement.starts not in scenario.members:
            raise MutantError(f"{scenario.name} does not use {arrangement.starts}")
        base = scenario.chapter.parameters if scenario.chapter else scenario.parameters()
        try:
            return scenario, variant, dataclasses.replace(base, **arrangement.parameters)
        except TypeError as error:
            raise MutantError(f"{scenario.name}: {error}") from error

    def _variant(self, trial: Trial, variant: Variant) -> Variant:
        """Return the variant with the arrangement's settings and the trial's mutant, under the mutant's name.

        The settings are those of the service that is started, and no other member on stage is told of them.
        """
        settings = {name: dict(own) for name, own in variant.settings.items()}
        settings.setdefault(trial.arrangement.starts, {}).update(trial.arrangement.settings)
        mutant = trial.mutant
        if mutant is None:
            return dataclasses.replace(variant, settings=settings)
        return dataclasses.replace(
            variant,
            name=mutant.name,
            settings=settings,
            mutant=mutant.name,
            expected="invalid" if mutant.caught_by else "valid",
            breaks=frozenset(mutant.caught_by),
        )


def _with_needed(order: Order, trial: Trial) -> Order:
    """Return the order with the rules that have to catch something, where its scenario does not ask for them."""
    needed = trial.mutant.caught_by if trial.mutant else sorted(trial.needed)
    [variant] = order.variants
    more = [name for name in needed if name not in {*order.checkers, *variant.checkers}]
    asked = dataclasses.replace(variant, checkers=(*variant.checkers, *more))
    return dataclasses.replace(order, variants=[asked])


def _tried(trial: Trial, result: VariantResult, run: RunDirectory) -> Tried:
    mutant = trial.mutant
    conclusion = conclude(mutant, result.checks) if mutant else conclude_control(trial.needed, result.checks)
    caught = tuple(finding.name for finding in result.checks if finding.verdict == "invalid")
    reason = ""
    if conclusion in {Conclusion.INCONCLUSIVE, Conclusion.HARMFUL, Conclusion.UNSOUND}:
        off = [finding for finding in result.checks if finding.verdict != "valid"]
        reason = "; ".join(f"{finding.name} {finding.verdict}: {finding.observed}" for finding in off)
    return Tried(trial, conclusion, caught, run.name, reason)
