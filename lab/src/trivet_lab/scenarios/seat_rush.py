"""A rush for seats: a crowd fights for the front rows of a hall, holds them, hesitates, pays, leaves or comes too late.

Holds live for a second or two, so that they run out while somebody still thinks; whoever then pins shows a token that
is good for nothing any more, and the seats may be somebody else's.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from typing import Annotated, cast

from trivet_lab.load import (
    BOX_OFFICE,
    HOLD_TTL_MS_LEAST,
    SEATS_MAX,
    Again,
    Plan,
    Seating,
    Show,
    Ways,
)
from trivet_lab.scenarios.mostly import leaning, some_of
from trivet_lab.scenarios.rush import rush
from trivet_lab.scenarios.scenario import ONE_MACHINE, Chapter, Scenario, Variant, asked
from trivet_lab.scene import Cue, EdgeError, Own, ask, send_crowd
from trivet_lab.verdict import count_seats

DRAIN_S = 10
ATTEMPTS_MAX = 5
AGAIN_AFTER_S = 1.2  # when the answer is old, and the seats may be somebody else's
SMALLER = 10  # each further hall has a tenth of the seats of the one before
WEIGHT_OF_FURTHER = 0.4
PINNING_GRACE_MS, SWEEP_INTERVAL_MS = 1_000, 200
REST_EVERY_S = 0.2
STILL_S = 1.5 * (PINNING_GRACE_MS + SWEEP_INTERVAL_MS) / 1000
"""What a killed replica left half done is settled within this, and would be seen as a change."""
REST_S_MAX = 20
"""How much longer than a hold's time the seats may take to come to rest before they are taken as they are."""
OF_SEATS = (
    "seat_sold_once",
    "no_lost_confirm",
    "no_phantom_confirm",
    "holds_exclusive",
    "sold_never_granted",
    "expired_stays_over",
    "tombstones_refuse",
    "tokens_compared",
    "refused_holds_legal",
    "one_answer_a_hold",
    "seat_fences_grow",
    "nothing_held_at_rest",
    "settlements_consistent",
    "seats_linearizable",
    "audit_proven",
)
RULES = (
    "history_whole",
    "no_defects",
    "answers_complete",
    "generator_on_time",
    "seats_contended",
    *OF_SEATS,
)
REAL = (
    "Valkey 9 for the holds, PostgreSQL 18 with fsync and synchronous_commit on for what is pinned and sold",
    "Envoy as the load balancer, two replicas of the service behind it; orders are settled past it, at a replica",
    "every request over TCP, every verdict from the service's own ledger",
)
SHORT_HOLDS = "holds that last a second or two, where a shop gives people minutes"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """The size of the crowd and of the halls, and what most of the crowd is up to."""

    clients: Annotated[int, asked("people who want seats", least=1, most=10_000)] = 200
    rate: Annotated[float, asked("visits a second, on average; one is about four requests", least=1, most=5_000)] = 30
    duration: Annotated[float, asked("seconds of load", least=1, most=86_400)] = 8
    seats: Annotated[int, asked("seats of the largest hall", least=1, most=SEATS_MAX)] = 240
    shows: Annotated[int, asked("shows; each hall has a tenth of the seats of the one before", least=1, most=9)] = 2
    ttl: Annotated[float, asked("seconds that a hold lasts at most; at least it lasts one", least=1, most=60)] = 2
    again: Annotated[float, asked("share of requests sent again under their id", least=0, most=1)] = 0.05
    mistaken: Annotated[float, asked("share of pins that show another hold's token first", least=0, most=1)] = 0.1
    mostly: Annotated[
        str, some_of(Ways, "way", "ways that most visits go, as late,undo; without it each has its share")
    ] = ""


def shows_of(parameters: Parameters) -> list[Show]:
    """Return the shows, the largest hall first; a large one has long rows."""
    found = []
    for number in range(parameters.shows):
        seats = max(1, parameters.seats // SMALLER**number)
        per_row = min(50, max(5, math.isqrt(2 * seats)))
        weight = WEIGHT_OF_FURTHER**number
        found.append(Show(id=f"show-{number + 1}", seats=seats, per_row=per_row, weight=weight))
    return found


def plan_of(cue: Cue, parameters: Parameters) -> Plan:
    """Return the crowd: a few come early, a rush when the doors open, and a steady crowd after it.

    The rush is what makes people meet at a seat; on average it is the rate that was asked for.
    """
    return Plan(
        seed=cue.seed,
        url=cue.stage.url,
        inside=tuple(f"http://{program.listen}" for program in cue.stage.programs if program.listen),
        epoch_ns=cue.stage.epoch_ns,
        clients=parameters.clients,
        phases=rush(parameters.rate, parameters.duration, times=8),
        errand=Seating(
            shows=shows_of(parameters),
            ttl_ms_max=max(HOLD_TTL_MS_LEAST, math.ceil(parameters.ttl * 1000)),
            ways=leaning(Ways(), parameters.mostly),
            mistaken=parameters.mistaken,
        ),
        again=[Again(0.0, parameters.again), Again(AGAIN_AFTER_S, parameters.again)],
        directory=str(cue.directory.path),
        attempts_max=ATTEMPTS_MAX,
        drain_ms=math.ceil((DRAIN_S + cue.outage_s) * 1000),
    )


def play(cue: Cue, parameters: Parameters) -> None:
    """Create the shows, send the crowd, and look at the halls once all time is over."""
    plan = plan_of(cue, parameters)
    seating = cast("Seating", plan.errand)
    own = Own(cue)
    token = cue.stage.tokens([BOX_OFFICE], "shows.read shows.write").get(BOX_OFFICE)
    for show in seating.shows:
        blocks = show.blocks()
        body = {"id": show.id, "name": f"Show {show.id}", "blocks": blocks}
        own.ask("show", {"show_id": show.id, "blocks": blocks}, "POST", "/shows", token, body)
    send_crowd(plan, cue)
    come_to_rest(cue, seating.shows, token, seating.ttl_ms_max / 1000)
    for show in seating.shows:
        own.ask("seat_map", {"show_id": show.id, "rest": True}, "GET", f"/shows/{show.id}/seats", token)


def come_to_rest(cue: Cue, shows: Sequence[Show], token: str | None, ttl_s: float) -> None:
    """Return once nothing is held any more and no seat has changed for a while, or once it should long be so.

    Whoever judges then looks at what is left: a seat that is held still is a finding, and no reason to wait for ever.
    """
    until = time.monotonic() + ttl_s + REST_S_MAX
    before: list[object] = []
    since = time.monotonic()
    while time.monotonic() < until:
        now, held = _looked(cue, shows, token)
        if held or now != before:
            before, since = now, time.monotonic()
        elif time.monotonic() - since >= STILL_S:
            return
        time.sleep(REST_EVERY_S)


def _looked(cue: Cue, shows: Sequence[Show], token: str | None) -> tuple[list[object], bool]:
    """Return the version of each hall, None where nobody says, and whether a seat is held or may be."""
    versions: list[object] = []
    held = False
    for show in shows:
        try:
            told = ask("GET", f"{cue.stage.url}/shows/{show.id}/seats", token=token)
        except EdgeError:
            return [None], True
        if told.status != 200:
            return [None], True
        versions.append(told.body["version"])
        held = held or any(seat["state"] == "held" for block in told.body["blocks"] for seat in block["seats"])
    return versions, held


def _strategy(name: str) -> dict[str, dict[str, str]]:
    return {
        "reservation": {
            "TRIVET_RESERVATION_STRATEGY": name,
            "TRIVET_RESERVATION_PINNING_GRACE_MS": str(PINNING_GRACE_MS),
            "TRIVET_RESERVATION_SWEEP_INTERVAL_MS": str(SWEEP_INTERVAL_MS),
        }
    }


# Which rules a service breaks that looks before it writes and asks nobody for a token is for chance to say.
SCENARIO = Scenario(
    name="seat-rush",
    claim="no seat is ever two people's",
    members=("reservation",),
    variants=(
        Variant("naive", expected="invalid", settings=_strategy("naive"), breaks=frozenset(OF_SEATS), lab=True),
        Variant("setnx", expected="valid", settings=_strategy("setnx")),
    ),
    checkers=RULES,
    parameters=Parameters,
    play=play,
    figures=count_seats,
    load_s=lambda parameters: parameters.duration,
    real=REAL,
    simulated=(*ONE_MACHINE, SHORT_HOLDS),
    chapter=Chapter(place=5, parameters=Parameters(rate=26, duration=4, seats=120)),
)
