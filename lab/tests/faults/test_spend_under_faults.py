"""The double spend while real servers die, stand still and fall silent: no money is spent twice, and none is lost.

What a busy machine may spoil (a late generator, a doubt that nobody resolved in time, money that nobody competed for)
makes a run unknown, and says so; what a fault may break must hold in every run.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest
from under_faults import BrokenShop, Case, both_links, parametrised

from trivet_lab.scenarios import find_scenarios

SCENARIO = find_scenarios()["double-spend"]
PARAMETERS = dataclasses.replace(SCENARIO.parameters(), clients=60, rate=20)
SPOILT_BY_A_BUSY_MACHINE = {"answers_complete", "generator_on_time", "money_contended"}
MUST_HOLD = ["faults_effective", *(rule for rule in SCENARIO.checkers if rule not in SPOILT_BY_A_BUSY_MACHINE)]
ALL = ("select_for_update", "optimistic")
ONE, TWO = "wallet-api-1", "wallet-api-2"
HIT = 30  # the first dozen movements open the accounts and fill them, and many that wait together count once
SOON_ENDED = {"idle_in_transaction_timeout_ms": "300"}
both = partial(both_links, "wallet")


def at(moment: str, action: str) -> str:
    """Let the first replica reach a moment of a movement once too often, in the middle of the crowd."""
    return f"failpoint=wallet.movement.{moment}={action}@{HIT}:{ONE}@0s+300ms"


CASES = {
    "replica-killed": Case(ALL, f"kill:{ONE}@1s+300ms"),
    "killed-before-its-commit": Case(ALL, at("before_commit", "kill")),
    "killed-after-its-commit": Case(ALL, at("after_commit", "kill")),
    "killed-before-its-reply": Case(ALL, at("before_reply", "kill")),
    "replica-paused": Case(ALL, f"pause:{ONE}@1s+2s"),
    "replica-paused-past-its-transactions": Case(ALL, f"pause:{ONE}@1s+2s", SOON_ENDED),
    "paused-until-its-transaction-was-ended": Case(
        ALL, at("before_commit", "pause:3000"), SOON_ENDED, said="due to idle-in-transaction timeout"
    ),
    "database-killed": Case(ALL, "kill:postgres@1s+200ms"),
    "database-restarted": Case(ALL, "restart:postgres@1s+300ms"),
    "commit-unanswered": Case(ALL, f"cut_after_commit:{ONE}-to-postgres@500ms+300ms"),
    "database-silent": Case(ALL, f"black_hole:{ONE}-to-postgres@1s+1s"),
    "database-half-open": Case(ALL, f"half_open:{ONE}-to-postgres@1s+1s"),
    "database-reset": Case(ALL, f"reset:{ONE}-to-postgres@1s+500ms"),
    "database-slow": Case(ALL, both("delay=40ms", "postgres", "1s+2s")),
    "replica-clock-jumps": Case(ALL, f"clock_jump:{ONE}@1s+1s,clock_jump=-90s:{TWO}@2500ms+1s", load_s=6),
    "database-clock-jumps": Case(ALL, "clock_jump:postgres@1s+1s"),
    "database-disk-full": Case(ALL, "disk_full:postgres@500ms+2s"),
    "issuer-killed": Case(ALL, "kill:issuer@1s+2s"),
    "edge-killed": Case(ALL, "kill:envoy@1s+300ms"),
    # The second one goes once the edge has found the first again.
    "rolled": Case(ALL, f"restart:{ONE}@1s+300ms,restart:{TWO}@7500ms+300ms", {}, ("nobody_noticed",), 13),
}


@pytest.mark.parametrize(("strategy", "case"), parametrised(CASES))
def test_what_was_told_is_true_under_a_fault(broken: BrokenShop, strategy: str, case: Case) -> None:
    shown = broken.send(SCENARIO, PARAMETERS, strategy, case)
    shown.hold(MUST_HOLD, case)
    assert shown.result.figures["lost"] == 0
    assert shown.result.figures["spent"] > 0
