"""Orders while real servers and processes die, stand still and fall silent: what was committed is told, once, in order.

What a busy machine may spoil (a late generator, a doubt that nobody resolved in time, requests that nobody met) makes a
run unknown, and says so; what a fault may break must hold in every run.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest
from under_faults import BrokenShop, Case, both_links, parametrised

from trivet_lab.scenarios import find_scenarios

SCENARIO = find_scenarios()["orders"]
PARAMETERS = dataclasses.replace(SCENARIO.parameters(), clients=60, rate=15, mostly="cancel,follow")
SPOILT_BY_A_BUSY_MACHINE = {"answers_complete", "generator_on_time", "orders_owned", "orders_raced", "pages_complete"}
MUST_HOLD = ["faults_effective", *(rule for rule in SCENARIO.checkers if rule not in SPOILT_BY_A_BUSY_MACHINE)]
OUTBOX = ("outbox",)
API, RELAY, PROJECTOR = "order-api-1", "order-relay-1", "order-projector-1"
PAST_A_LEASE = "3s"
PAST_A_SESSION = "8s"
both = partial(both_links, "order")


def at(name: str, action: str, hit: int, part: str) -> str:
    """Let a process reach a moment once too often, in the middle of the crowd."""
    return f"failpoint=order.{name}={action}@{hit}:{part}@0s+300ms"


def everywhere(fault: str, process: str, when: str) -> str:
    """Break both replicas of a process."""
    return ",".join(f"{fault}:order-{process}-{number}@{when}" for number in (1, 2))


MATRIX = {
    "api": (API, {"create.after_key_claim": 6, "create.before_commit": 6, "create.after_commit": 6,
                  "create.before_reply": 6, "cancel.before_commit": 4, "cancel.after_commit": 4}),
    "relay": (RELAY, {"relay.after_claim": 3, "relay.before_send": 3, "relay.after_send": 3, "relay.after_ack": 3,
                      "relay.after_mark": 3}),
    "projector": (PROJECTOR, {"projector.after_poll": 2, "projector.before_commit": 2, "projector.after_commit": 2,
                              "projector.after_offsets": 2}),
}  # fmt: skip
"""Every moment between two effects, by the process that has it, and which hit is in the middle of the crowd."""
CASES = {
    **{
        f"killed-at-{name.replace('.', '-').replace('_', '-')}": Case(OUTBOX, at(name, "kill", hit, part))
        for part, moments in MATRIX.values()
        for name, hit in moments.items()
    },
    "relay-killed": Case(OUTBOX, f"kill:{RELAY}@1s+300ms"),
    "relay-away-for-long": Case(OUTBOX, f"kill:{RELAY}@1s+3s", load_s=5),
    "relays-killed": Case(OUTBOX, everywhere("kill", "relay", "1s+500ms")),
    "relay-paused-past-its-lease": Case(OUTBOX, f"pause:{RELAY}@1s+{PAST_A_LEASE}", load_s=5),
    "relay-stands-still-before-it-sends": Case(OUTBOX, at("relay.before_send", "pause:3000", 3, RELAY), load_s=6),
    "relay-stands-still-before-it-marks": Case(OUTBOX, at("relay.after_ack", "pause:3000", 3, RELAY), load_s=6),
    "relays-rolled": Case(OUTBOX, f"restart:{RELAY}@1s+300ms,restart:order-relay-2@4s+300ms", load_s=6),
    "relay-silent-to-the-database": Case(OUTBOX, f"black_hole:{RELAY}-to-postgres@1s+2s", load_s=5),
    "relay-reset": Case(OUTBOX, f"reset:{RELAY}-to-postgres@1s+500ms"),
    "projector-killed": Case(OUTBOX, f"kill:{PROJECTOR}@1s+300ms"),
    "projectors-killed": Case(OUTBOX, everywhere("kill", "projector", "1s+500ms")),
    "projector-paused": Case(OUTBOX, f"pause:{PROJECTOR}@1s+2s", load_s=5),
    "projector-paused-past-its-session": Case(OUTBOX, f"pause:{PROJECTOR}@1s+{PAST_A_SESSION}", load_s=10),
    "projector-stands-still-before-its-offsets": Case(
        OUTBOX, at("projector.after_commit", "pause:8000", 2, PROJECTOR), load_s=12
    ),
    "projectors-commit-unanswered": Case(OUTBOX, f"cut_after_commit:{PROJECTOR}-to-postgres@1s+300ms"),
    "projector-reset": Case(OUTBOX, f"reset:{PROJECTOR}-to-postgres@1s+500ms"),
    "api-killed": Case(OUTBOX, f"kill:{API}@1s+300ms"),
    "api-paused": Case(OUTBOX, f"pause:{API}@1s+2s", load_s=5),
    "commit-unanswered": Case(OUTBOX, f"cut_after_commit:{API}-to-postgres@500ms+300ms"),
    "kafka-killed": Case(OUTBOX, "kill:kafka@1s+500ms"),
    "kafka-restarted": Case(OUTBOX, "restart:kafka@1s+500ms"),
    "kafka-paused": Case(OUTBOX, "pause:kafka@1s+2s", load_s=5),
    "kafka-killed-twice": Case(OUTBOX, "kill:kafka@1s+300ms,kill:kafka@6s+300ms", load_s=16),
    "kafka-and-relay-killed": Case(OUTBOX, f"kill:kafka@1s+1s,kill:{RELAY}@1500ms+300ms", load_s=5),
    "database-killed": Case(OUTBOX, "kill:postgres@1s+200ms"),
    "database-restarted": Case(OUTBOX, "restart:postgres@1s+300ms"),
    "database-and-kafka-killed": Case(OUTBOX, "kill:postgres@1s+300ms,kill:kafka@1500ms+300ms", load_s=5),
    "database-slow": Case(OUTBOX, both("delay=40ms", "postgres", "1s+2s")),
    "database-half-open": Case(OUTBOX, f"half_open:{API}-to-postgres@1s+1s"),
    "database-disk-full": Case(OUTBOX, "disk_full:postgres@500ms+2s"),
    "database-clock-jumps": Case(OUTBOX, "clock_jump:postgres@1s+1s"),
    "issuer-killed": Case(OUTBOX, "kill:issuer@1s+2s"),
    "edge-killed": Case(OUTBOX, "kill:envoy@1s+300ms"),
}


@pytest.mark.parametrize(("strategy", "case"), parametrised(CASES))
def test_what_was_told_is_true_under_a_fault(broken: BrokenShop, strategy: str, case: Case) -> None:
    shown = broken.send(SCENARIO, PARAMETERS, strategy, case)
    shown.hold(MUST_HOLD, case)
    assert shown.result.figures["untold"] == 0
    assert shown.result.figures["ordered"] > 0
