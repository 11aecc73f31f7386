"""The rush for seats while real servers die, forget, stand still and fall silent: no seat is ever two people's.

What a busy machine may spoil (a late generator, a doubt that nobody resolved in time, seats that nobody competed for)
makes a run unknown, and says so; what a fault may break must hold in every run.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest
from leaks import hold_tokens_in
from under_faults import BrokenShop, Case, both_links, parametrised

from trivet_lab.scenarios import find_scenarios

SCENARIO = find_scenarios()["seat-rush"]
PARAMETERS = dataclasses.replace(SCENARIO.parameters(), clients=60, rate=20, seats=160, ttl=1.5)
SPOILT_BY_A_BUSY_MACHINE = {"answers_complete", "generator_on_time", "seats_contended"}
MUST_HOLD = ["faults_effective", *(rule for rule in SCENARIO.checkers if rule not in SPOILT_BY_A_BUSY_MACHINE)]
SETNX = ("setnx",)
ONE, TWO = "reservation-api-1", "reservation-api-2"
# No replica's clock jumps: a Go process asks the kernel for the time, where nobody can tell it another one.
MEMORY = "reservation-valkey"
HIT = 6  # in the middle of the crowd, and early enough that one replica of two gets so far
PAST_A_HOLD = "2s"  # longer than the longest hold of these crowds
both = partial(both_links, "reservation")


def at(operation: str, moment: str, action: str) -> str:
    """Let the first replica reach a moment of an operation once too often, in the middle of the crowd."""
    return f"failpoint=reservation.{operation}.{moment}={action}@{HIT}:{ONE}@0s+300ms"


CASES = {
    "memory-killed": Case(SETNX, f"kill:{MEMORY}@1s+500ms"),
    "memory-forgets": Case(SETNX, f"restart_empty:{MEMORY}@1500ms+300ms"),
    "memory-forgets-twice": Case(
        SETNX, f"restart_empty:{MEMORY}@1s+300ms,restart_empty:{MEMORY}@2500ms+300ms", load_s=5
    ),
    "memory-paused": Case(SETNX, f"pause:{MEMORY}@1s+1s"),
    "memory-silent": Case(SETNX, both("black_hole", MEMORY, "1s+1s")),
    "memory-silent-to-one": Case(SETNX, f"black_hole:{ONE}-to-{MEMORY}@1s+2s"),
    "memory-half-open": Case(SETNX, f"half_open:{ONE}-to-{MEMORY}@1s+1s"),
    "memory-reset": Case(SETNX, f"reset:{ONE}-to-{MEMORY}@1s+500ms"),
    "memory-slow": Case(SETNX, both("delay=40ms", MEMORY, "1s+2s")),
    "replica-killed": Case(SETNX, f"kill:{ONE}@1s+300ms"),
    "replica-paused-past-its-holds": Case(SETNX, f"pause:{ONE}@1s+{PAST_A_HOLD}"),
    "killed-between-memory-and-books": Case(SETNX, at("pin", "after_script", "kill")),
    "killed-before-its-commit": Case(SETNX, at("pin", "before_commit", "kill")),
    "killed-between-books-and-memory": Case(SETNX, at("pin", "after_commit", "kill")),
    "killed-before-its-reply": Case(SETNX, at("hold", "before_reply", "kill")),
    "killed-when-it-had-held": Case(SETNX, at("hold", "after_script", "kill")),
    "killed-when-it-had-sold": Case(SETNX, at("confirm", "after_commit", "kill")),
    "killed-when-it-had-released": Case(
        SETNX, f"failpoint=reservation.release.after_commit=kill@1:{ONE}@0s+300ms", load_s=6
    ),
    "paused-between-memory-and-books": Case(SETNX, at("pin", "after_script", "pause:2500")),
    "paused-between-books-and-memory": Case(SETNX, at("pin", "after_commit", "pause:2500")),
    "paused-while-memory-forgets": Case(
        SETNX, f"{at('pin', 'before_commit', 'pause:2500')},restart_empty:{MEMORY}@2500ms+300ms", load_s=6
    ),
    "database-killed": Case(SETNX, "kill:postgres@1s+200ms"),
    "database-restarted": Case(SETNX, "restart:postgres@1s+300ms"),
    "database-and-memory-killed": Case(SETNX, f"kill:postgres@1s+300ms,restart_empty:{MEMORY}@2s+300ms", load_s=5),
    "commit-unanswered": Case(SETNX, f"cut_after_commit:{ONE}-to-postgres@500ms+300ms"),
    "database-silent": Case(SETNX, f"black_hole:{ONE}-to-postgres@1s+1s"),
    "database-half-open": Case(SETNX, f"half_open:{ONE}-to-postgres@1s+1s"),
    "database-reset": Case(SETNX, f"reset:{ONE}-to-postgres@1s+500ms"),
    "database-slow": Case(SETNX, both("delay=40ms", "postgres", "1s+2s")),
    "database-disk-full": Case(SETNX, "disk_full:postgres@500ms+2s"),
    "database-clock-jumps": Case(SETNX, "clock_jump:postgres@1s+1s"),
    "issuer-killed": Case(SETNX, "kill:issuer@1s+2s"),
    "edge-killed": Case(SETNX, "kill:envoy@1s+300ms"),
    # The second one goes once the edge has found the first again.
    "rolled": Case(SETNX, f"restart:{ONE}@1s+300ms,restart:{TWO}@7500ms+300ms", load_s=10),
}


@pytest.mark.parametrize(("strategy", "case"), parametrised(CASES))
def test_what_was_told_is_true_under_a_fault(broken: BrokenShop, strategy: str, case: Case) -> None:
    shown = broken.send(SCENARIO, PARAMETERS, strategy, case)
    shown.hold(MUST_HOLD, case)
    assert shown.result.figures["oversold"] == 0
    assert shown.result.figures["sold"] > 0
    assert hold_tokens_in(shown.run) == []
