"""One person asks without end beside a sale: they are told to wait, and nobody else is."""

from __future__ import annotations

import dataclasses
from typing import Annotated, cast

import msgspec

from trivet_lab.load import Flood, Plan, Sale
from trivet_lab.scenarios import flash_sale, sale
from trivet_lab.scenarios.scenario import ONE_MACHINE, Scenario, Variant, asked
from trivet_lab.scene import Cue
from trivet_lab.topologies import OF_A_CROWD, OF_A_PERSON
from trivet_platform import Limits

STRATEGY = {"inventory": {"TRIVET_INVENTORY_STRATEGY": "advisory"}}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters(flash_sale.Parameters):
    """The size of the sale, and of the flood."""

    asked: Annotated[float, asked("requests a second of the one who asks without end", least=1, most=5_000)] = 150


def plan_of(cue: Cue, parameters: Parameters) -> Plan:
    """Return the crowd of a flash sale, and somebody beside it."""
    plan = flash_sale.plan_of(cue, parameters)
    wanted = cast("Sale", plan.errand)
    errand = Flood(
        items=wanted.items,
        restocks=wanted.restocks,
        asked_per_s=parameters.asked,
        subject_per_s=OF_A_PERSON.per_s,
        subject_burst=OF_A_PERSON.burst,
    )
    return msgspec.structs.replace(plan, errand=errand)


def play(cue: Cue, parameters: Parameters) -> None:
    """Put the items on sale, and send the crowd with the flood beside it."""
    sale.sell(plan_of(cue, parameters), cue)


SCENARIO = Scenario(
    name="flood",
    claim="who asks without end is told to wait, and nobody else is",
    members=("inventory",),
    variants=(
        Variant(
            "unlimited",
            expected="invalid",
            settings=STRATEGY,
            breaks=frozenset({"limits_hold"}),
            idle=frozenset({"valkey"}),
            limits=Limits(),
        ),
        Variant(
            "limited",
            expected="valid",
            settings=STRATEGY,
            idle=frozenset({"valkey"}),
            # The whole crowd has one address, so that its rate has to be wider than an office's.
            limits=Limits(subject=OF_A_PERSON, address=OF_A_CROWD.address),
        ),
    ),
    checkers=("limits_hold", *sale.RULES),
    parameters=Parameters,
    play=play,
    figures=sale.figures,
    load_s=lambda parameters: parameters.duration,
    real=sale.REAL,
    simulated=ONE_MACHINE,
)
