"""The rules over leases: meetings are counted, those of two who both believed are violations."""

from pathlib import Path

import pytest

RULES = {"leases_exclusive", "leases_overlapped", "lock_overlaps"}


def without_leases(sale):
    sale.events.clear()
    return sale


def test_an_overlap_is_counted_and_told_and_is_no_violation(sale) -> None:
    findings = sale.judge()
    told = (
        "hot: inventory-api-1 under fence 102 from 0.000 s to 0.000 s, "
        "and meanwhile inventory-api-2 under fence 103 from 0.000 s"
    )
    assert findings["lock_overlaps"].observed == f"1 overlap among 4 leases; {told}"
    assert findings["leases_overlapped"].observed == f"first: {told}"
    assert findings["leases_exclusive"].observed == "4 leases, each believed by its holder alone"


def test_every_later_holder_is_an_overlap_of_its_own(sale) -> None:
    without_leases(sale).lease("inventory-api-1", "hot", 1, 10, 20, 100)
    for fence in range(2, 7):
        sale.lease("inventory-api-2", "hot", fence, 20 + fence, 21 + fence, 21 + fence)
    observed = sale.judge()["lock_overlaps"].observed
    assert observed.startswith("5 overlaps among 6 leases; hot: inventory-api-1 under fence 1 ")
    assert observed.endswith(" meanwhile inventory-api-2 under fence 2 from 0.000 s, then 4 more")


def test_of_many_holders_that_were_late_the_first_three_are_told(sale) -> None:
    without_leases(sale)
    for number in range(5):
        sale.lease("inventory-api-1", f"item-{number}", 2 * number, 10, 20, 100)
        sale.lease("inventory-api-2", f"item-{number}", 2 * number + 1, 30, 99, 40)
    observed = sale.judge()["lock_overlaps"].observed
    assert observed.startswith("5 overlaps among 10 leases; item-0: ")
    assert observed.count("meanwhile") == 3


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (("inventory-api-2", "hot", 2, 30, 99, 40), "began as the first was over"),
        (("inventory-api-2", "hot", 2, 31, 99, 40), "began after it"),
        (("inventory-api-2", "cold", 2, 15, 99, 40), "is of another item"),
    ],
)
def test_what_did_not_meet_is_no_overlap_and_proves_no_loss(sale, second, why) -> None:
    without_leases(sale).lease("inventory-api-1", "hot", 1, 10, 30, 30)
    sale.lease(*second)
    findings = sale.judge()
    assert findings["lock_overlaps"].observed == "0 overlaps among 2 leases", why
    assert (findings["lock_overlaps"].verdict, findings["leases_overlapped"].verdict) == ("valid", "unknown"), why
    assert findings["leases_overlapped"].observed == "none of 2 leases met another one: the lock was never lost"


def test_who_never_told_an_end_claims_no_use(sale) -> None:
    without_leases(sale).lease("inventory-api-1", "hot", 1, 10, 30)
    sale.lease("inventory-api-2", "hot", 2, 31, 90, 40)
    findings = sale.judge()
    assert findings["lock_overlaps"].observed == "0 overlaps among 2 leases"
    assert (findings["leases_overlapped"].verdict, findings["leases_exclusive"].verdict) == ("unknown", "valid")


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ((10, 30, None), (30, 90, 40), "valid"),
        ((10, 30, None), (29, 90, 40), "invalid"),
        ((10, 90, 30), (30, 90, 40), "valid"),
        ((10, 90, 30), (29, 90, 40), "invalid"),
        ((10, 90, 30), (29, 29, 40), "valid"),  # the second never believed
        ((10, 10, 90), (29, 90, 40), "valid"),  # the first never believed
        ((10, 30, 90), (50, 60, 55), "valid"),  # the first was used longer than it was believed
    ],
)
def test_a_lease_is_believed_until_its_time_or_its_use_is_over(sale, first, second, verdict) -> None:
    without_leases(sale).lease("inventory-api-1", "hot", 1, *first)
    sale.lease("inventory-api-2", "hot", 2, *second)
    assert sale.judge()["leases_exclusive"].verdict == verdict


def test_a_meeting_that_is_not_next_to_its_first_is_found(sale) -> None:
    """A short one between them must not hide it."""
    without_leases(sale).lease("inventory-api-1", "hot", 1, 10, 90)
    sale.lease("inventory-api-2", "hot", 2, 20, 20)
    sale.lease("inventory-api-2", "hot", 3, 40, 95)
    assert "under fence 3" in sale.judge()["leases_exclusive"].observed


def test_the_witness_is_the_lines_of_both_leases(sale) -> None:
    without_leases(sale).lease("inventory-api-1", "hot", 1, 10, 90, 80)
    sale.lease("inventory-api-2", "hot", 2, 20, 99)
    finding = sale.judge()["leases_exclusive"]
    assert finding.witness == [sale.events[0], sale.events[1], sale.events[2]]
    assert finding.observed.startswith("believed at once: hot: inventory-api-1 under fence 1 from 0.000 s")


@pytest.mark.parametrize("fault", ["kill", "restart", "restart_empty", "clock_jump"])
def test_what_met_after_a_master_forgot_is_counted_and_not_judged(sale, fault) -> None:
    sale.lease("inventory-api-1", "cold", 200, 80, 150, 95)
    sale.break_part(fault, "valkey-3", 80, 81, 82)
    sale.break_part(fault, "valkey-4", None, None, None)  # the crowd had ended before it was due
    finding = sale.judge()["leases_exclusive"]
    assert finding.verdict == "valid"
    assert finding.observed == "5 leases; 1 met across a master that was made to forget, which is not judged"


@pytest.mark.parametrize(
    ("fault", "target", "asked"),
    [
        ("restart_empty", "valkey-3", 81),  # they had met before
        ("restart_empty", "valkey-3", None),  # it was never asked for
        ("pause", "valkey-3", 10),  # a master that stands still forgets nothing
        ("kill", "inventory-api-2", 10),
        ("kill", "inventory-api-1-to-valkey-3", 10),
    ],
)
def test_what_no_master_forgot_is_judged(sale, fault, target, asked) -> None:
    sale.lease("inventory-api-1", "cold", 200, 80, 150, 95)
    sale.break_part(fault, target, asked, asked, 200)
    assert sale.judge()["leases_exclusive"].verdict == "invalid"


def test_one_that_met_before_a_master_forgot_is_judged_beside_others_that_are_not(sale) -> None:
    sale.lease("inventory-api-1", "cold", 200, 80, 150, 95)
    sale.lease("inventory-api-1", "cold", 201, 300, 400)
    sale.lease("inventory-api-2", "cold", 202, 310, 400)
    sale.break_part("kill", "valkey-1", 305, 306, 308)
    finding = sale.judge()["leases_exclusive"]
    assert finding.verdict == "invalid"
    assert finding.observed.endswith("; 1 met across a master that was made to forget, which is not judged")


def test_what_was_granted_after_a_master_had_come_back_is_judged_again(sale) -> None:
    sale.lease("inventory-api-1", "cold", 201, 300, 400)
    sale.lease("inventory-api-2", "cold", 202, 310, 400)
    sale.break_part("restart_empty", "valkey-1", 100, 101, 102)
    assert sale.judge()["leases_exclusive"].verdict == "invalid"


def test_a_fence_that_is_drawn_again_after_a_crash_is_another_lease(sale) -> None:
    without_leases(sale).lease("inventory-api-1", "hot", 1, 10, 30)
    sale.lease("inventory-api-1", "hot", 1, 40, 60, 50)
    sale.lease("inventory-api-2", "hot", 1, 70, 90, 80)
    assert sale.judge()["lock_overlaps"].observed == "0 overlaps among 3 leases"


def unknown(findings) -> dict[str, str]:
    assert all(finding.verdict != "invalid" for finding in findings.values())
    return {name: finding.observed for name, finding in findings.items() if finding.verdict == "unknown"}


def test_without_events_nothing_is_said_of_leases(sale) -> None:
    sale.write()
    sale.directory.events.unlink()
    assert unknown(sale.findings()) == dict.fromkeys(RULES, "events.jsonl is missing")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"event": "lease he', "is damaged at byte"),
        ('{"event": "lease sold"}', "is damaged at byte"),
        ('{"event": "lease held", "process": "a", "resource": "hot", "fence": 1}', "is damaged at byte"),
        (
            '{"event": "lease over", "process": "inventory-api-1", "resource": "hot", "fence": 101, "over_ns": 99}',
            "inventory-api-1 ended a lease of hot that it did not hold, fence 101",
        ),
    ],
)
def test_damaged_events_prove_nothing(sale, line, says) -> None:
    sale.write()
    with sale.directory.events.open("a") as events:
        events.write(line)
    findings = unknown(sale.findings())
    assert set(findings) == RULES
    assert all(says in observed for observed in findings.values())


def test_empty_events_tell_of_no_lease(sale) -> None:
    assert unknown(without_leases(sale).judge()) == dict.fromkeys(RULES, "events.jsonl tells of no lease")


def test_a_run_without_faults_has_no_record_of_them_and_is_judged(sale) -> None:
    sale.write()
    sale.directory.faults.unlink()
    assert sale.findings()["leases_exclusive"].verdict == "valid"


def test_a_damaged_record_of_faults_leaves_open_whether_a_master_forgot(sale) -> None:
    sale.write()
    Path(sale.directory.faults).write_text("{")
    finding = sale.findings()["leases_exclusive"]
    assert (finding.verdict, "faults.jsonl is damaged" in finding.observed) == ("unknown", True)
