"""Orders: a crowd orders, changes its mind, asks again and follows what happens, which is told through Kafka.

Nobody holds what is ordered yet, so an accepted order waits. What is tried is the way of what happened: from the
transaction of an order through the outbox, the relay, a topic and the projector to whoever reads the timeline.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Mapping
from typing import Annotated

import psycopg

from trivet_lab.evidence import read_history
from trivet_lab.load import ORDER_SCOPES, Again, Ordering, Plan, Turns
from trivet_lab.members import Member, find_members, standing_of
from trivet_lab.scenarios.mostly import leaning, some_of
from trivet_lab.scenarios.rush import rush
from trivet_lab.scenarios.scenario import ONE_MACHINE, Chapter, Scenario, Variant, asked
from trivet_lab.scene import Cue, EdgeError, Own, send_crowd
from trivet_lab.settings import lab_settings
from trivet_lab.verdict import count_orders

MEMBER = "order"
DRAIN_S = 10
ATTEMPTS_MAX = 5
AGAIN_AFTER_S = 1.2  # when the answer is old, and the order may be cancelled
REST_EVERY_S = 0.2
REST_S_MAX = 30
"""How long what was committed may be under way, once the crowd has gone and what was broken is healed."""
READ_AT_REST_MAX = 25
KAFKA_TIMEOUT_MS, LEASE_MS, RETRY_MS_MAX, SESSION_MS = 1_000, 2_100, 500, 6_000
"""Shorter than in a shop, so that a run sees what follows: a relay that dies gives its shards back after two seconds, a
projector its partitions after six, and what Kafka refused is tried again within half of one."""
OF_ORDERS = (
    "no_lost_order",
    "no_phantom_order",
    "one_order_a_key",
    "events_equal_orders",
    "cancels_answered",
    "statuses_told",
    "pages_complete",
    "orders_owned",
    "no_lost_event",
    "no_phantom_event",
    "events_in_order",
    "told_as_ordered",
    "timeline_equals_events",
    "timelines_gapless",
    "nothing_parked",
    "audit_proven",
)
RULES = (
    "history_whole",
    "no_defects",
    "answers_complete",
    "generator_on_time",
    "orders_raced",
    *OF_ORDERS,
)
REAL = (
    "PostgreSQL 18 with fsync and synchronous_commit on for orders, their outbox and their timeline",
    "Apache Kafka 4 (KRaft, one node) for what is told; every record of the topic is read again at the end",
    "Envoy as the load balancer; two replicas each of the API, the relay and the projector",
    "every request over TCP, every verdict from the service's own ledgers and the topic",
)
ONE_BROKER = "a Kafka of one node: what it acknowledged is on one disk"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """The size of the crowd, and what most of it is up to."""

    clients: Annotated[int, asked("devices that they use", least=1, most=10_000)] = 200
    rate: Annotated[float, asked("visits a second, on average; one is about four requests", least=1, most=5_000)] = 20
    duration: Annotated[float, asked("seconds of load", least=1, most=86_400)] = 8
    people: Annotated[int, asked("people who order, from several devices each", least=2, most=5_000)] = 40
    again: Annotated[float, asked("share of requests sent again under their key", least=0, most=1)] = 0.05
    mostly: Annotated[
        str, some_of(Turns, "turn", "turns that most visits take, as cancel,follow; each has its share")
    ] = ""


def plan_of(cue: Cue, parameters: Parameters) -> Plan:
    """Return the crowd: a few come early, then a rush, and a steady crowd after it; on average it is the rate."""
    return Plan(
        seed=cue.seed,
        url=cue.stage.url,
        epoch_ns=cue.stage.epoch_ns,
        clients=parameters.clients,
        phases=rush(parameters.rate, parameters.duration, times=4),
        errand=Ordering(customers=parameters.people, turns=leaning(Turns(), parameters.mostly)),
        again=[Again(0.0, parameters.again), Again(AGAIN_AFTER_S, parameters.again)],
        directory=str(cue.directory.path),
        attempts_max=ATTEMPTS_MAX,
        drain_ms=math.ceil((DRAIN_S + cue.outage_s) * 1000),
    )


def play(cue: Cue, parameters: Parameters) -> None:
    """Send the crowd, wait until nothing is under way, and read some timelines a last time."""
    send_crowd(plan_of(cue, parameters), cue)
    come_to_rest(cue, find_members(lab_settings().root)[MEMBER])
    read_at_rest(cue)


def come_to_rest(cue: Cue, member: Member) -> None:
    """Return once every committed event is published and in the timeline, or once it should long be so.

    Whoever judges then looks at what is left: an event that still waits is a finding, and no reason to wait for ever.
    """
    until = time.monotonic() + cue.outage_s + REST_S_MAX
    while time.monotonic() < until:
        with contextlib.suppress(psycopg.Error):  # a database that is away knows of no rest
            if standing_of(member, cue.stage.readers[MEMBER]).is_at_rest:
                return
        time.sleep(REST_EVERY_S)


def read_at_rest(cue: Cue) -> None:
    """Read the timelines of some acknowledged orders, as their customers; a refusal is in the history, to be judged."""
    customers = _acknowledged(cue)
    chosen = sorted(customers)[:: max(1, len(customers) // READ_AT_REST_MAX)][:READ_AT_REST_MAX]
    tokens = cue.stage.tokens(sorted({customers[order_id] for order_id in chosen}), ORDER_SCOPES)
    own = Own(cue)
    for order_id in chosen:
        who = customers[order_id]
        args = {"customer_id": who, "order_id": order_id, "rest": True}
        with contextlib.suppress(EdgeError):
            own.ask("timeline", args, "GET", f"/orders/{order_id}/timeline", tokens.get(who))


def _acknowledged(cue: Cue) -> Mapping[str, str]:
    """Return whose each acknowledged order is."""
    operations = read_history(cue.directory.history)
    done = (operation for operation in operations if operation.f == "order" and operation.outcome == "ok")
    return {str((operation.value or {}).get("id")): operation.args["customer_id"] for operation in done}


SETTINGS = {
    MEMBER: {
        "TRIVET_ORDER_KAFKA_REQUEST_TIMEOUT_MS": str(KAFKA_TIMEOUT_MS),
        "TRIVET_ORDER_PROJECTOR_SESSION_TIMEOUT_MS": str(SESSION_MS),
        "TRIVET_ORDER_RELAY_LEASE_MS": str(LEASE_MS),
        "TRIVET_ORDER_RELAY_RETRY_MS_MAX": str(RETRY_MS_MAX),
    }
}
SCENARIO = Scenario(
    name="orders",
    claim="what was ordered is told, once and in order",
    members=(MEMBER,),
    variants=(Variant("outbox", expected="valid", settings=SETTINGS),),
    checkers=RULES,
    parameters=Parameters,
    play=play,
    figures=count_orders,
    load_s=lambda parameters: parameters.duration,
    real=REAL,
    simulated=(*ONE_MACHINE, ONE_BROKER),
    chapter=Chapter(place=6, parameters=Parameters(rate=20, duration=4)),
)
