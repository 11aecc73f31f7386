"""A lock's holder stands still for longer than its lease, between its last look at the lease and its write.

One item, a steady crowd, two replicas. The first purchase of replica 1 that gets as far as its UPDATE is stopped there
for three times its lease. The lock goes to replica 2, which sells what is left; then the holder wakes and writes.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Annotated

from trivet_lab.load import Item, Phase, Plan, Sale
from trivet_lab.scenarios import sale
from trivet_lab.scenarios.scenario import ONE_MACHINE, Chapter, Scenario, Variant, asked
from trivet_lab.scene import Cue

LEASE_MS = 1_000
PAUSE_MS = 3_000
BACK_AFTER_MS = 300  # an impatient crowd is there when the lock changes hands, and gone soon after the end
SETTINGS = {"inventory": {**sale.REDLOCK, "TRIVET_INVENTORY_LOCK_TTL_MS": str(LEASE_MS)}}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """The size of the sale: small enough to be over before the holder wakes."""

    clients: Annotated[int, asked("buyers", least=1, most=10_000)] = 100
    rate: Annotated[float, asked("purchases wanted a second", least=1, most=20_000)] = 30
    duration: Annotated[float, asked("seconds of load", least=1, most=86_400)] = 4
    stock: Annotated[int, asked("units of the one item", least=0, most=1_000_000_000)] = 12


def plan_of(cue: Cue, parameters: Parameters) -> Plan:
    """Return the crowd: it comes evenly, since here a pause decides who meets whom, and not a rush."""
    return Plan(
        seed=cue.seed,
        url=cue.stage.url,
        epoch_ns=cue.stage.epoch_ns,
        clients=parameters.clients,
        phases=[Phase(shape="steady", rate_per_s=parameters.rate, duration_s=parameters.duration)],
        errand=Sale(items=[Item(id="front-row", stock=parameters.stock)], quantity_weights=(1.0,)),
        directory=str(cue.directory.path),
        retry_after_ms_max=BACK_AFTER_MS,
        backoff_ms_max=BACK_AFTER_MS,
        drain_ms=math.ceil((sale.DRAIN_S + cue.outage_s) * 1000),
    )


def play(cue: Cue, parameters: Parameters) -> None:
    """Put the item on sale and send the crowd."""
    sale.sell(plan_of(cue, parameters), cue)


SCENARIO = Scenario(
    name="paused-holder",
    claim="a lock that its holder lost by a pause sells nothing twice",
    members=("inventory",),
    variants=(
        Variant(
            "as-drawn",
            expected="invalid",
            settings=SETTINGS,
            breaks=frozenset({"no_oversell", "stock_never_negative"}),
            lab=True,
            mutant="flow_as_drawn",
        ),
        Variant("redlock", expected="valid", settings=SETTINGS, checkers=("fences_drawn",)),
    ),
    checkers=(*sale.RULES, "leases_overlapped", "lock_overlaps", "leases_exclusive"),
    parameters=Parameters,
    play=play,
    figures=sale.figures,
    load_s=lambda parameters: parameters.duration,
    faults=f"failpoint=inventory.purchase.before_write=pause:{PAUSE_MS}@1:inventory-api-1@0s",
    real=sale.REAL,
    simulated=ONE_MACHINE,
    chapter=Chapter(place=2, parameters=Parameters()),
)
