"""``trivet run``: one scenario, or the tour through all of them. Its sub-commands are the scenarios that are found."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from cyclopts import App, Parameter

from trivet_lab.cli.opened import opened
from trivet_lab.cli.table import explain, table
from trivet_lab.cli.tour import tour
from trivet_lab.console import Console
from trivet_lab.evidence import command_line, create_run
from trivet_lab.members import find_members
from trivet_lab.runner import Order, fresh_seed, plan_order, record_order, run_order
from trivet_lab.scenarios import Scenario, Variant, find_scenarios
from trivet_lab.settings import lab_settings
from trivet_lab.verdict import judge

FAULTS_HELP = "what to break while they buy: pause:inventory-api-1@2s+3s,kill:valkey/2@4s+2s, a .toml file, or nemesis"


class NoSuchStrategy(ValueError):
    """A person named a variant that the scenario does not have."""


def chosen(scenario: Scenario[Any], names: Sequence[str]) -> list[Variant]:
    """Return the variants of these names, all of them when none is named.

    Raises:
        NoSuchStrategy: the scenario has no such variant; the sentence lists those it has.
    """
    known = {variant.name: variant for variant in scenario.variants}
    for name in names:
        if name not in known:
            raise NoSuchStrategy(f"{scenario.name} has no strategy {name!r}: it has {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(scenario.variants)


def words_of(
    order_name: str, parameters: Any, variants: Sequence[str], seed: int, faults: str | None = None
) -> list[str]:
    """Return the words that run the same again: only what differs from the scenario's own parameters."""
    words = ["run", order_name]
    default = type(parameters)()
    for field in dataclasses.fields(parameters):
        value = getattr(parameters, field.name)
        if value != getattr(default, field.name):
            words += [f"--{field.name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    for name in variants:
        words += ["--strategy", name]
    if faults is not None:
        words += ["--faults", faults]
    return [*words, "--seed", str(seed)]


def run_scenario(
    scenario: Scenario[Any],
    parameters: Any,
    strategies: Sequence[str],
    seed: int | None,
    faults: str | None = None,
    *,
    json: bool,
) -> int:
    """Start a platform, run the scenario on it, stop it, and say what was found."""
    settings = lab_settings()
    console = Console(plain=settings.plain)
    variants = chosen(scenario, strategies)
    seed = fresh_seed() if seed is None else seed
    known = find_members(settings.root)
    members = {name: known[name] for name in scenario.members}
    planned = plan_order(scenario, parameters, list(members.values()), seed, faults, variants)
    run = create_run(settings.runs, scenario.name, seed)
    words = words_of(scenario.name, parameters, strategies, seed, faults)
    order = Order(scenario, parameters, variants, seed, words, planned)
    record_order(order, run, settings)
    with opened(run, members, settings, console) as shop:
        results = run_order(order, run, shop, list(members.values()), console)
    if json:
        console.result_json(results)
    else:
        for line in (*table([(scenario.claim, results)]), *explain(results)):
            console.result(line)
        console.result(f"report  {run.report}")
        console.result(f"again   {command_line(order.words)}")
    return judge(results.variants).exit_code


def _command(scenario: Scenario[Any]) -> Callable[..., int]:
    def command(
        parameters: Any = None, *, strategy: Any = (), faults: Any = None, seed: Any = None, json: Any = False
    ) -> int:
        return run_scenario(scenario, parameters or scenario.parameters(), strategy, seed, faults, json=json)

    names = ", ".join(variant.name for variant in scenario.variants)
    flag = Parameter(help="print the results as one JSON object")
    command.__annotations__ = {
        "parameters": Annotated[scenario.parameters, Parameter(name="*")] | None,
        "strategy": Annotated[
            tuple[str, ...],
            Parameter(help=f"one of {names}; may be given again; all when absent", show_default=False, negative=""),
        ],
        "faults": Annotated[str | None, Parameter(help=FAULTS_HELP)],
        "seed": Annotated[int | None, Parameter(help="the same seed sends the same crowd")],
        "json": Annotated[bool, flag],
        "return": int,
    }
    command.__name__ = scenario.name
    command.__doc__ = f"{scenario.claim[0].upper()}{scenario.claim[1:]}."
    return command


def run_application() -> App:
    """Return ``trivet run`` with a sub-command for the tour and for each scenario."""
    help_ = "Send a crowd at the shop and judge what happened, from the services' own ledgers."
    app = App(name="run", help=help_, help_epilogue="")
    app.command(tour)
    for scenario in find_scenarios().values():
        app.command(_command(scenario), name=scenario.name)
    return app
