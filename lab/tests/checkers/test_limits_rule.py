"""What a bucket can have let through is allowed, whatever the order; one more than that is found."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import Attempt, FaultRecord, Operation, VariantDirectory, encode_operation, write_faults

MS = 1_000_000
SECOND = 1000 * MS
RULE, NODE = "limits_hold", "127.0.0.1:41001"
PER_S, BURST = 10, 5


class Flooded:
    """A history of one who asks without end, and of buyers beside them."""

    def __init__(self, path: Path) -> None:
        self.directory = VariantDirectory(path)
        self.operations: list[Operation] = []
        limits = {"kind": "flood", "subject_per_s": PER_S, "subject_burst": BURST}
        self.directory.plan.write_bytes(msgspec.json.encode({"errand": limits}))

    def add(self, f: str, client: int, *spans: tuple[int, int, int]) -> None:
        attempts = [
            Attempt(
                call,
                returned,
                status,
                "rate-limited" if status == 429 else None,
                NODE if status == 200 else None,
                "t",
            )
            for call, returned, status in spans
        ]
        outcome = "ok" if spans[-1][2] == 200 else "fail"
        self.operations.append(Operation(len(self.operations), client, f, {}, None, outcome, {}, attempts))

    def asked(self, at_ns: int, status: int = 200, took_ns: int = MS) -> None:
        self.add("ask", 9, (at_ns, at_ns + took_ns, status))

    def ruled(self) -> tuple[str, str]:
        self.directory.history.write_bytes(b"".join(encode_operation(each) + b"\n" for each in self.operations))
        [finding] = check_variant(self.directory, [RULE])
        return finding.verdict, finding.observed


@pytest.fixture
def flood(tmp_path: Path) -> Flooded:
    made = Flooded(tmp_path)
    made.asked(0, 429)
    return made


def test_a_full_bucket_and_what_it_is_filled_with_is_let_through(flood: Flooded) -> None:
    for number in range(BURST):
        flood.asked(SECOND + number)
    for number in range(1, 21):
        flood.asked(SECOND + number * SECOND // PER_S)
    assert flood.ruled() == ("valid", "25 let through, 1 told to wait")


def test_more_than_that_is_found(flood: Flooded) -> None:
    for number in range(BURST + 10):
        flood.asked(SECOND + number * MS)
    verdict, observed = flood.ruled()
    assert verdict == "invalid"
    assert f"9 more were let through than {BURST} and {PER_S}/s allow" in observed


def test_a_burst_is_found_though_it_averages_out(flood: Flooded) -> None:
    """Ten seconds of silence fill no bucket beyond its brim."""
    for number in range(BURST + 10):
        flood.asked(30 * SECOND + number * MS)
    flood.asked(0)
    assert flood.ruled()[0] == "invalid"


def test_a_slow_answer_may_have_been_let_through_long_before(flood: Flooded) -> None:
    for number in range(30):
        flood.asked(SECOND + number * MS, took_ns=3 * SECOND)
    assert flood.ruled()[0] == "valid"


def test_what_the_service_did_not_answer_may_not_have_been_let_through(flood: Flooded) -> None:
    flood.asked(0)
    for number in range(30):
        flood.asked(SECOND + number * MS, 503)
    assert flood.ruled()[0] == "valid"


def test_who_asks_seldom_is_never_told_to_wait(flood: Flooded) -> None:
    flood.add("buy", 3, *[(number * MS, number * MS + 1, 429) for number in range(BURST)])
    verdict, observed = flood.ruled()
    assert verdict == "invalid"
    assert f"client 3 asked {BURST} times in all, and was told to wait" in observed


def test_who_asks_often_may_be(flood: Flooded) -> None:
    flood.asked(0)
    flood.add("buy", 3, *[(number * MS, number * MS + 1, 429) for number in range(BURST + 1)])
    assert flood.ruled()[0] == "valid"


def test_where_nobody_met_the_limit_nothing_is_shown(tmp_path: Path) -> None:
    flood = Flooded(tmp_path)
    flood.asked(0)
    assert flood.ruled() == ("unknown", "nobody asked for more than is let through")


@pytest.mark.parametrize("plan", [None, b"{}", b"no json"])
def test_without_a_plan_nobody_knows_the_limit(flood: Flooded, plan: bytes | None) -> None:
    flood.directory.plan.unlink()
    if plan is not None:
        flood.directory.plan.write_bytes(plan)
    assert flood.ruled()[0] == "unknown"


def emptied(flood: Flooded, *from_ns: int) -> None:
    """Let a full bucket through at each of these instants."""
    for begin_ns in from_ns:
        for number in range(BURST):
            flood.asked(begin_ns + number * MS)


@pytest.mark.parametrize(
    ("fault", "target", "verdict"),
    [
        ("kill", "envoy", "valid"),
        ("restart", "envoy", "valid"),
        ("pause", "envoy", "invalid"),
        ("kill", "inventory-api-1", "invalid"),
    ],
)
def test_a_load_balancer_that_begins_again_begins_with_a_full_bucket(
    flood: Flooded, fault: str, target: str, verdict: str
) -> None:
    emptied(flood, SECOND, SECOND + 100 * MS)
    asked, healed = SECOND + 50 * MS, SECOND + 90 * MS
    write_faults(flood.directory.faults, [FaultRecord(fault, target, asked, asked, healed, "")])
    assert flood.ruled()[0] == verdict


@pytest.mark.parametrize("begin_ns", [SECOND, 2 * SECOND])
def test_between_its_restarts_no_more_is_let_through_than_ever(flood: Flooded, begin_ns: int) -> None:
    emptied(flood, begin_ns, begin_ns + 10 * MS)
    write_faults(
        flood.directory.faults,
        [FaultRecord("kill", "envoy", 1500 * MS, 1500 * MS, 1600 * MS, "")],
    )
    assert flood.ruled()[0] == "invalid"


@pytest.mark.parametrize("healed", [SECOND + 300 * MS, None])
def test_who_asked_while_it_began_again_may_have_met_either_bucket(flood: Flooded, healed: int | None) -> None:
    """Of one that is not known to have come back nobody knows when its buckets were filled."""
    emptied(flood, SECOND, SECOND + 60 * MS, SECOND + 100 * MS)
    asked = SECOND + 50 * MS
    write_faults(flood.directory.faults, [FaultRecord("kill", "envoy", asked, asked, healed, "")])
    assert flood.ruled() == (
        "valid",
        f"{BURST} let through, 1 told to wait; {2 * BURST} beside restarts of the load balancer are not judged",
    )


def test_a_restart_that_was_never_asked_for_fills_nothing(flood: Flooded) -> None:
    emptied(flood, SECOND, SECOND + 100 * MS)
    write_faults(flood.directory.faults, [FaultRecord("kill", "envoy", None, None, None, "")])
    assert flood.ruled()[0] == "invalid"


def test_if_nobody_knows_what_was_broken_nobody_knows_who_met_a_full_bucket(flood: Flooded) -> None:
    flood.asked(SECOND)
    flood.directory.faults.write_bytes(b"torn\n")
    verdict, observed = flood.ruled()
    assert verdict == "unknown"
    assert "faults.jsonl is damaged" in observed


def test_where_all_were_told_to_wait_no_limit_is_shown(flood: Flooded) -> None:
    """A load balancer that lets nobody through holds every limit."""
    flood.asked(SECOND, 503)
    assert flood.ruled()[0] == "unknown"


def test_what_was_let_through_beside_a_restart_alone_shows_no_limit(flood: Flooded) -> None:
    flood.asked(SECOND)
    write_faults(flood.directory.faults, [FaultRecord("kill", "envoy", 0, 0, 2 * SECOND, "")])
    assert flood.ruled()[0] == "unknown"


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=60))
def test_whatever_a_real_bucket_lets_through_is_allowed(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, int, int]]
) -> None:
    """A bucket that is simulated, between calls and returns that lie anywhere around the instant of its decision."""
    flood = Flooded(tmp_path_factory.mktemp("bucket"))
    flood.asked(0, 429)
    level, now_ms = float(BURST), 0
    for pause_ms, before_ms, after_ms in asked:
        now_ms += pause_ms
        level = min(BURST, level + pause_ms * PER_S / 1000)
        if level >= 1:
            level -= 1
            flood.asked((now_ms + 40 - before_ms) * MS, took_ns=(before_ms + after_ms) * MS)
    assert flood.ruled()[0] == "valid"
