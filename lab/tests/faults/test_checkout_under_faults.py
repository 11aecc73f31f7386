"""Checkouts while real servers and processes die, stand still and fall silent: every order ends right all the same.

What a busy machine may spoil (a late generator, a doubt that nobody resolved in time, too few of what is hard) makes a
run unknown, and says so; what a fault may break must hold in every run.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from under_faults import SEED, BrokenShop, Case, parametrised

from trivet_lab.faults import plan_faults
from trivet_lab.members import find_members
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import link_names, part_names

SCENARIO = find_scenarios()["checkout"]
PARAMETERS = dataclasses.replace(SCENARIO.parameters(), clients=60, rate=12, seats=240, mostly="race,both")
SPOILT_BY_A_BUSY_MACHINE = {"answers_complete", "cancels_answered", "checkout_raced", "generator_on_time"}
MUST_HOLD = ["faults_effective", *(rule for rule in SCENARIO.checkers if rule not in SPOILT_BY_A_BUSY_MACHINE)]
SAGA = ("saga",)
WORKER, OTHER = "order-saga-1", "order-saga-2"
PAST_A_LEASE = "3s"
MOMENTS = {"after_claim": 5, "before_record": 8, "after_record": 8, "before_send": 8, "after_reply": 8}
"""Every moment between two effects of a worker, and which hit is in the middle of the crowd."""
SCHEDULE = Path("lab") / "schedules" / "checkout.toml"


def at(name: str, action: str, hit: int) -> str:
    """Let a worker reach a moment once too often, in the middle of the crowd."""
    return f"failpoint=order.saga.{name}={action}@{hit}:{WORKER}@0s+300ms"


def both_to(member: str, fault: str, when: str) -> str:
    """Break both workers' links to a member's door: to them it is the member that is slow or silent."""
    return ",".join(f"{fault}:{worker}-to-{member}@{when}" for worker in (WORKER, OTHER))


CASES = {
    **{
        f"worker-killed-at-{name.replace('_', '-')}": Case(SAGA, at(name, "kill", hit)) for name, hit in MOMENTS.items()
    },
    **{
        f"worker-sleeps-past-its-lease-at-{name.replace('_', '-')}": Case(SAGA, at(name, "pause:3000", hit), load_s=6)
        for name, hit in MOMENTS.items()
    },
    "workers-killed": Case(SAGA, f"kill:{WORKER}@1s+500ms,kill:{OTHER}@1200ms+500ms"),
    # A worker that is told to end goes on for seconds: who asks at its door is to be led elsewhere first.
    "workers-rolled": Case(SAGA, f"restart:{WORKER}@500ms+300ms,restart:{OTHER}@2s+300ms", load_s=10),
    "worker-paused-past-its-lease": Case(SAGA, f"pause:{WORKER}@1s+{PAST_A_LEASE}", load_s=5),
    "worker-silent-to-the-database": Case(SAGA, f"black_hole:{WORKER}-to-postgres@1s+2s", load_s=5),
    # A worker says no COMMIT: a statement that records is a transaction of its own, and its answer that of the commit.
    "workers-record-unanswered": Case(SAGA, f"cut_answer:{WORKER}-to-postgres@1s+300ms"),
    **{
        f"{member}-answers-cut": Case(SAGA, both_to(member, "cut_answer", "1s+2500ms"), load_s=6)
        for member in SCENARIO.members[1:]
    },
    **{
        f"{member}-silent": Case(SAGA, both_to(member, "black_hole", "1s+2s"), load_s=5)
        for member in SCENARIO.members[1:]
    },
    **{f"{member}-reset": Case(SAGA, both_to(member, "reset", "1s+500ms")) for member in SCENARIO.members[1:]},
    **{
        f"{member}-slow": Case(SAGA, both_to(member, "delay=300ms~100ms", "1s+2s"), load_s=5)
        for member in SCENARIO.members[1:]
    },
    **{f"{member}-killed": Case(SAGA, f"kill:{member}-api-1@1s+500ms") for member in SCENARIO.members[1:]},
    **{
        f"all-of-{member}-killed": Case(SAGA, f"kill:{member}-api-1@1s+1s,kill:{member}-api-2@1200ms+1s")
        for member in SCENARIO.members[1:]
    },
    "relay-killed": Case(SAGA, "kill:order-relay-1@1s+300ms"),
    "api-killed": Case(SAGA, "kill:order-api-1@1s+300ms"),
    "database-killed": Case(SAGA, "kill:postgres@2s+200ms", load_s=6),
    "database-restarted": Case(SAGA, "restart:postgres@2s+300ms", load_s=6),
    "kafka-killed": Case(SAGA, "kill:kafka@1s+500ms"),
    "holds-forgotten": Case(SAGA, "restart_empty:reservation-valkey@1s"),
    "doors-and-edge-killed": Case(SAGA, "kill:envoy@1s+300ms"),
}


@pytest.mark.parametrize(("strategy", "case"), parametrised(CASES))
def test_what_was_told_is_true_under_a_fault(broken: BrokenShop, strategy: str, case: Case) -> None:
    shown = broken.send(SCENARIO, PARAMETERS, strategy, case)
    shown.hold(MUST_HOLD, case)
    assert shown.result.figures["wronged"] == 0
    assert shown.result.figures["confirmed"] > 0


def test_the_schedule_of_the_whole_run_fits_the_parts_of_its_stage() -> None:
    settings = lab_settings()
    members = [find_members(settings.root)[name] for name in SCENARIO.members]
    parts = [*part_names(members), *link_names(members)]
    planned = plan_faults(str(settings.root / SCHEDULE), parts, SEED, load_s=60)
    assert {fault.fault for fault in planned} >= {
        "cut_answer",
        "black_hole",
        "failpoint",
        "kill",
        "restart_empty",
        "delay",
    }
    assert all(len(fault.parts) == 1 for fault in planned)
