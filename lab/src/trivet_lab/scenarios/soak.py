"""A sale that does not end: waves of buyers, goods that arrive all along, and a census of what every part costs."""

from __future__ import annotations

import dataclasses
import math
from typing import Annotated

from trivet_lab.load import Again, Item, Phase, Plan, Restock, Sale, zipf_weights
from trivet_lab.scenarios import sale
from trivet_lab.scenarios.flash_sale import AGAIN_AFTER_S
from trivet_lab.scenarios.flash_sale import SCENARIO as FLASH_SALE
from trivet_lab.scenarios.scenario import ONE_MACHINE, Scenario, asked
from trivet_lab.scene import Census, Cue

WAVE_S = 30
RUSH_SHARE = 0.1
RUSH = 5
SUPPLY_SHARE = 0.6
"""Less than is wanted, so that every item sells out in every wave and somebody is refused."""
QUANTITY_MEAN = 1.23  # of the plan's own weights of 1, 2, 3 and 4
ZIPF_EXPONENT = 1.1
ATTEMPTS_MAX = 5
AGAIN_SHARE = 0.02


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """The size of the sale."""

    clients: Annotated[int, asked("buyers", least=1, most=10_000)] = 100
    rate: Annotated[float, asked("purchases wanted a second, on average", least=1, most=20_000)] = 25
    duration: Annotated[float, asked("seconds of load", least=1, most=86_400)] = 600
    items: Annotated[int, asked("items on sale; demand follows Zipf's law", least=1, most=1_000)] = 8


def plan_of(cue: Cue, parameters: Parameters) -> Plan:
    """Return waves of about ``WAVE_S``: each begins with a rush, and in each every item is restocked once."""
    waves = math.ceil(parameters.duration / WAVE_S)
    wave_s = parameters.duration / waves
    rate, rush_s = parameters.rate, wave_s * RUSH_SHARE
    steady = rate * (1 - RUSH_SHARE * (RUSH + 1) / 2) / (1 - RUSH_SHARE)  # so that a whole wave is at ``rate``
    weights = zipf_weights(parameters.items, ZIPF_EXPONENT)
    wanted = rate * wave_s * QUANTITY_MEAN / sum(weights)
    supply = [max(1, round(SUPPLY_SHARE * wanted * weight)) for weight in weights]
    names = [f"ticket-{rank}" for rank in range(1, parameters.items + 1)]
    return Plan(
        seed=cue.seed,
        url=cue.stage.url,
        epoch_ns=cue.stage.epoch_ns,
        clients=parameters.clients,
        phases=[
            Phase(shape="spike", rate_per_s=rate * RUSH, rate_to_per_s=rate, duration_s=rush_s),
            Phase(shape="steady", rate_per_s=steady, duration_s=wave_s - rush_s),
        ]
        * waves,
        errand=Sale(
            items=[
                Item(id=name, stock=stock, weight=weight)
                for name, stock, weight in zip(names, supply, weights, strict=True)
            ],
            restocks=[
                Restock(at_s=wave * wave_s + wave_s * place / parameters.items, item_id=name, quantity=supply[place])
                for wave in range(waves)
                for place, name in enumerate(names)
                if wave or place >= len(names) / 2  # what the first rush left is enough for half a wave
            ],
        ),
        again=[Again(after_s, AGAIN_SHARE) for after_s in AGAIN_AFTER_S],
        directory=str(cue.directory.path),
        attempts_max=ATTEMPTS_MAX,
        drain_ms=math.ceil((sale.DRAIN_S + cue.outage_s) * 1000),
    )


def play(cue: Cue, parameters: Parameters) -> None:
    """Put the items on sale and send the crowd, while every part is counted."""
    with Census(cue.stage, cue.directory):
        sale.sell(plan_of(cue, parameters), cue)


SCENARIO = Scenario(
    name="soak",
    claim="a sale may go on for hours, and nothing is oversold, lost or leaked",
    members=FLASH_SALE.members,
    variants=tuple(variant for variant in FLASH_SALE.variants if variant.expected == "valid"),
    checkers=(*sale.RULES, "resources_flat"),
    parameters=Parameters,
    play=play,
    figures=sale.figures,
    load_s=lambda parameters: parameters.duration,
    real=sale.REAL,
    simulated=ONE_MACHINE,
)
