"""A checkout: a crowd orders seats and scarce goods at once, from purses that are soon empty, and will not wait.

Every order goes through all services: goods and seats are held for it, its customer's account is charged, and what was
held is sold, or all of it is taken back. In every variant the answers to charges are cut for a while, once the wallet
has committed: whoever asked cannot know whether they were paid.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Mapping
from typing import Annotated, cast

import psycopg

from trivet_lab.load import (
    BOX_OFFICE,
    SEATS_MAX,
    STAFF,
    Account,
    Again,
    CheckingOut,
    Good,
    Plan,
    Show,
    Trips,
    zipf_weights,
)
from trivet_lab.members import Member, checkouts_under_way, find_members, standing_of
from trivet_lab.scenarios import double_spend, orders, seat_rush
from trivet_lab.scenarios.mostly import leaning, some_of
from trivet_lab.scenarios.rush import rush
from trivet_lab.scenarios.scenario import ONE_MACHINE, Chapter, Scenario, Variant, asked
from trivet_lab.scene import Cue, Own, request_json, send_crowd
from trivet_lab.settings import lab_settings
from trivet_lab.verdict import count_checkouts

MEMBER = "order"
MERCHANT = "shop"
CURRENCY = "EUR"
DRAIN_S = 15
ATTEMPTS_MAX = 5
AGAIN_AFTER_S = 1.2  # when the answer is old, and the order may have ended
REST_EVERY_S = 0.2
REST_S_MAX = 40
"""How long checkouts may be under way, once the crowd has gone and what was broken is healed."""
PLENTY = 1_000_000
EVERY_NTH_IS_POOR = 4
RICH_MINOR, POOR_MINOR = 500_000_000, 4_000
CHEAPEST_MINOR, DEARER_MINOR = 900, 650
POLL_MS_MAX = 200
"""Longer than in a shop: before the first order a worker takes a shard a look, and one that starts a second late on a
busy machine finds some that are free."""
LEASE_MS, RETRY_MS_MAX, CALL_TIMEOUT_MS, STEP_DEADLINE_MS, PINNING_GRACE_MS = 2_100, 400, 1_500, 20_000, 1_000
"""Shorter than in a shop, so that a run sees what follows: whoever gets no answer asks again within half a second, and
a worker that dies gives its orders back after two. A step's deadline is longer than any fault here, so that what is
slow is not cancelled for it."""
CUT_AT = "1500ms+1s"
FAULTS = ",".join(f"cut_answer:order-saga-{number}-to-wallet@{CUT_AT}" for number in (1, 2))
"""Whoever charges learns nothing of it for a second, and the wallet commits."""
OF_CHECKOUT = (
    "orders_ended",
    "confirmed_sold_and_paid",
    "cancelled_keeps_nothing",
    "no_orphans",
    "accounts_pay_orders",
    "no_release_after_capture",
    "prices_as_offered",
    "own_accounts_charged",
)
OF_PARTS = (
    "stock_conserved",
    "stock_never_negative",
    "no_oversell",
    "stock_holds_consistent",
    "seat_sold_once",
    "nothing_held_at_rest",
    "money_conserved",
    "balances_equal_postings",
    "never_overdrawn",
    "refunds_within_captures",
    "no_lost_order",
    "no_phantom_order",
    "one_order_a_key",
    "events_equal_orders",
    "cancels_answered",
    "statuses_told",
    "no_lost_event",
    "no_phantom_event",
    "events_in_order",
    "told_as_ordered",
    "timeline_equals_events",
    "nothing_parked",
    "audit_proven",
)
RULES = (
    "history_whole",
    "no_defects",
    "answers_complete",
    "generator_on_time",
    "checkout_raced",
    *OF_CHECKOUT,
    *OF_PARTS,
)
REAL = (
    "PostgreSQL 18 with fsync and synchronous_commit on, a database for each of four services",
    "Apache Kafka 4 (KRaft, one node) for what is told, Valkey 9 for the holds of seats",
    "two workers, each of which asks the other services over HTTP through a door of the load balancer",
    "every verdict from the sellers' own ledgers and the wallet's, and none from the checkout's state",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """The size of the crowd, of what there is for it, and what most of it is up to."""

    clients: Annotated[int, asked("devices that they use", least=1, most=10_000)] = 200
    rate: Annotated[float, asked("visits a second, on average; one is about three requests", least=1, most=2_000)] = 15
    duration: Annotated[float, asked("seconds of load", least=3, most=86_400)] = 8
    customers: Annotated[int, asked("people with accounts, one in four of them poor", least=2, most=400)] = 24
    goods: Annotated[int, asked("kinds of goods; half of them are scarce", least=2, most=500)] = 6
    stock: Annotated[int, asked("units of each scarce kind", least=0, most=1_000_000)] = 8
    seats: Annotated[int, asked("seats of the hall", least=1, most=SEATS_MAX)] = 120
    ttl: Annotated[float, asked("seconds that a hold of seats lasts at most; at least one", least=1, most=60)] = 3
    again: Annotated[float, asked("share of requests sent again under their key", least=0, most=1)] = 0.05
    mostly: Annotated[str, some_of(Trips, "trip", "ways that most visits go, as race,late; each has its share")] = ""


def errand_of(seed: int, parameters: Parameters) -> CheckingOut:
    """Return what there is: accounts, goods of which the most wanted are scarce, and one hall."""
    customers = [
        Account(name, "customer", POOR_MINOR if number % EVERY_NTH_IS_POOR == 0 else RICH_MINOR, f"{seed}-{name}")
        for number, name in ((number, f"customer-{number}") for number in range(parameters.customers))
    ]
    weights = zipf_weights(parameters.goods, 0.8)
    goods = [
        Good(
            id=f"item-{number + 1}",
            stock=parameters.stock if number < parameters.goods // 2 else PLENTY,
            unit_price_minor=CHEAPEST_MINOR + number * DEARER_MINOR,
            weight=weight,
        )
        for number, weight in enumerate(weights)
    ]
    per_row = min(50, max(5, math.isqrt(2 * parameters.seats)))
    return CheckingOut(
        accounts=[*customers, Account(MERCHANT, "merchant", 0, f"{seed}-{MERCHANT}")],
        goods=goods,
        shows=[Show(id="show-1", seats=parameters.seats, per_row=per_row)],
        currency=CURRENCY,
        ttl_ms_max=math.ceil(parameters.ttl * 1000),
        lease_ms=LEASE_MS,
        trips=leaning(Trips(), parameters.mostly),
    )


def plan_of(cue: Cue, parameters: Parameters) -> Plan:
    """Return the crowd: a few come early, then a rush, and a steady crowd after it; on average it is the rate."""
    return Plan(
        seed=cue.seed,
        url=cue.stage.url,
        epoch_ns=cue.stage.epoch_ns,
        clients=parameters.clients,
        phases=rush(parameters.rate, parameters.duration, times=3),
        errand=errand_of(cue.seed, parameters),
        again=[Again(0.0, parameters.again), Again(AGAIN_AFTER_S, parameters.again)],
        directory=str(cue.directory.path),
        attempts_max=ATTEMPTS_MAX,
        drain_ms=math.ceil((DRAIN_S + cue.outage_s) * 1000),
    )


def play(cue: Cue, parameters: Parameters) -> None:
    """Open accounts, put everything on sale, send the crowd, and wait until nothing is under way any more."""
    plan = plan_of(cue, parameters)
    errand = cast("CheckingOut", plan.errand)
    own = Own(cue)
    double_spend.open_accounts(cue, errand.accounts, errand.currency)
    _offer_goods(cue, errand)
    token = cue.stage.tokens([BOX_OFFICE], "shows.read shows.write").get(BOX_OFFICE)
    for show in errand.shows:
        blocks = show.blocks()
        body = {"id": show.id, "name": f"Show {show.id}", "blocks": blocks}
        own.ask("show", {"show_id": show.id, "blocks": blocks}, "POST", "/shows", token, body)
    send_crowd(plan, cue)
    member = find_members(lab_settings().root)[MEMBER]
    come_to_rest(cue, member)
    seat_rush.come_to_rest(cue, errand.shows, token, errand.ttl_ms_max / 1000)
    for show in errand.shows:
        own.ask("seat_map", {"show_id": show.id, "rest": True}, "GET", f"/shows/{show.id}/seats", token)


def _offer_goods(cue: Cue, errand: CheckingOut) -> None:
    token = cue.stage.tokens([STAFF], "items.write").get(STAFF)
    for good in errand.goods:
        body = {"id": good.id, "stock": good.stock, "unit_price_minor": good.unit_price_minor}
        key = f"{cue.seed}-{good.id}"
        request_json("POST", f"{cue.stage.url}/items", body | {"currency": errand.currency}, key=key, token=token)


def come_to_rest(cue: Cue, member: Member) -> None:
    """Return once every checkout ended or is parked and all of it is told, or once it should long be so.

    Whoever judges then looks at what is left: an order that is stuck is a finding, and no reason to wait for ever.
    """
    until = time.monotonic() + cue.outage_s + REST_S_MAX
    reader = cue.stage.readers[MEMBER]
    while time.monotonic() < until:
        with contextlib.suppress(psycopg.Error):  # a database that is away knows of no rest
            if not checkouts_under_way(member, reader) and standing_of(member, reader).is_at_rest:
                return
        time.sleep(REST_EVERY_S)


def _settings(way: str) -> Mapping[str, Mapping[str, str]]:
    order = {
        "CHECKOUT": way,
        "MERCHANT_ACCOUNT": MERCHANT,
        "SAGA_LEASE_MS": f"{LEASE_MS}",
        "SAGA_POLL_MS_MAX": f"{POLL_MS_MAX}",
        "SAGA_RETRY_MS_MAX": f"{RETRY_MS_MAX}",
        "SAGA_STEP_DEADLINE_MS": f"{STEP_DEADLINE_MS}",
        "CALL_TIMEOUT_MS": f"{CALL_TIMEOUT_MS}",
    }
    return {
        MEMBER: orders.SETTINGS[MEMBER] | {f"TRIVET_ORDER_{name}": value for name, value in order.items()},
        "inventory": {"TRIVET_INVENTORY_STRATEGY": "advisory"},
        "reservation": {
            "TRIVET_RESERVATION_PINNING_GRACE_MS": f"{PINNING_GRACE_MS}",
            "TRIVET_RESERVATION_SWEEP_INTERVAL_MS": f"{seat_rush.SWEEP_INTERVAL_MS}",
        },
    }


# Which rules a checkout breaks that takes silence for a no is for chance to say.
SCENARIO = Scenario(
    name="checkout",
    claim="every order ends right, whatever breaks",
    members=(MEMBER, "inventory", "reservation", "wallet"),
    variants=(
        Variant("naive", expected="invalid", settings=_settings("naive"), breaks=frozenset(OF_CHECKOUT), lab=True),
        Variant("saga", expected="valid", settings=_settings("saga")),
    ),
    checkers=RULES,
    parameters=Parameters,
    play=play,
    figures=count_checkouts,
    load_s=lambda parameters: parameters.duration,
    faults=FAULTS,
    real=REAL,
    simulated=(*ONE_MACHINE, orders.ONE_BROKER, seat_rush.SHORT_HOLDS),
    chapter=Chapter(place=7, parameters=Parameters(rate=15, duration=6)),
)
