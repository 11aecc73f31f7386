"""``trivet soak``: a sale of many minutes while parts die at random, and nothing may leak."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from trivet_lab.cli.run import run_scenario
from trivet_lab.scenarios import find_scenarios


def soak(
    *,
    minutes: Annotated[float, Parameter(validator=Number(gte=1.5, lte=1440))] = 10,
    strategy: str = "redlock",
    seed: int | None = None,
    json: bool = False,
) -> int:
    """Sell for minutes while parts die, stand still and forget, and count what every part costs.

    Args:
        minutes: how long the crowd comes; in less than one and a half nothing settles.
        strategy: how Inventory keeps buyers apart: redlock, which needs every part, or advisory.
        seed: the same seed sends the same crowd and repeats the schedule of faults.
        json: print the results as one JSON object.
    """
    scenario = find_scenarios()["soak"]
    parameters = scenario.parameters(duration=minutes * 60)
    return run_scenario(scenario, parameters, [strategy], seed, "nemesis", json=json)
