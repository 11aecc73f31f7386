"""A flash sale: many buyers, few hot items and a long tail, less stock than demand, one restock in the middle."""

from __future__ import annotations

import dataclasses
import math
from typing import Annotated

from trivet_lab.load import Again, Item, Plan, Restock, Sale, zipf_weights
from trivet_lab.scenarios import sale
from trivet_lab.scenarios.rush import rush
from trivet_lab.scenarios.scenario import ONE_MACHINE, Chapter, Scenario, Variant, asked
from trivet_lab.scene import Cue

RESTOCKED_ITEMS = 3
ZIPF_EXPONENT = 1.1
ATTEMPTS_MAX = 5  # a buyer who was told "busy" five times, a second apart, goes home
AGAIN_AFTER_S = (0.0, 1.5)
"""A key is asked for twice while it is in flight, and when its answer is old and a restock may have come between."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """The size of the sale."""

    clients: Annotated[int, asked("buyers", least=1, most=10_000)] = 200
    rate: Annotated[float, asked("purchases wanted a second, on average", least=1, most=20_000)] = 150
    duration: Annotated[float, asked("seconds of load", least=1, most=86_400)] = 10
    items: Annotated[int, asked("items on sale; demand follows Zipf's law", least=1, most=1_000)] = 12
    stock: Annotated[int, asked("units of each item at the start", least=0, most=1_000_000_000)] = 40
    again: Annotated[float, asked("share of purchases asked for once more, under their key", least=0, most=1)] = 0.05


def plan_of(cue: Cue, parameters: Parameters) -> Plan:
    """Return the crowd: a few come early, a rush when the doors open, a steady crowd after it, a restock at half time.

    The rush is what makes buyers meet: at a low, even rate two transactions on one item rarely overlap, and a
    shop without any guard would look right. On average it is the rate that was asked for.
    """
    weights = zipf_weights(parameters.items, ZIPF_EXPONENT)
    items = [Item(id=f"ticket-{rank}", stock=parameters.stock, weight=weight) for rank, weight in enumerate(weights, 1)]
    return Plan(
        seed=cue.seed,
        url=cue.stage.url,
        epoch_ns=cue.stage.epoch_ns,
        clients=parameters.clients,
        phases=rush(parameters.rate, parameters.duration, times=8),
        errand=Sale(
            items=items,
            restocks=[
                Restock(at_s=parameters.duration / 2, item_id=item.id, quantity=max(1, parameters.stock // 4))
                for item in items[:RESTOCKED_ITEMS]
            ],
        ),
        again=[Again(after_s, parameters.again) for after_s in AGAIN_AFTER_S],
        directory=str(cue.directory.path),
        attempts_max=ATTEMPTS_MAX,
        drain_ms=math.ceil((sale.DRAIN_S + cue.outage_s) * 1000),
    )


def play(cue: Cue, parameters: Parameters) -> None:
    """Put the items on sale and send the crowd."""
    sale.sell(plan_of(cue, parameters), cue)


SCENARIO = Scenario(
    name="flash-sale",
    claim="a crowd never buys more than there is",
    members=("inventory",),
    variants=(
        Variant(
            "naive",
            expected="invalid",
            settings={"inventory": {"TRIVET_INVENTORY_STRATEGY": "naive"}},
            breaks=frozenset({"no_oversell", "stock_never_negative"}),
            lab=True,
            idle=frozenset({"valkey"}),
        ),
        Variant(
            "advisory",
            expected="valid",
            settings={"inventory": {"TRIVET_INVENTORY_STRATEGY": "advisory"}},
            idle=frozenset({"valkey"}),
        ),
        Variant(
            "redlock",
            expected="valid",
            settings={"inventory": sale.REDLOCK},
            checkers=("fences_drawn", "leases_exclusive", "lock_overlaps"),
        ),
    ),
    checkers=sale.RULES,
    parameters=Parameters,
    play=play,
    figures=sale.figures,
    load_s=lambda parameters: parameters.duration,
    real=sale.REAL,
    simulated=ONE_MACHINE,
    chapter=Chapter(place=1, parameters=Parameters(rate=100, duration=4, items=8, stock=15)),
)
