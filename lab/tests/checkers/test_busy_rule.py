"""The rule over buyers who were told *busy*: who explains it, for how long, and which faults excuse it."""

import pytest

SECOND = 1_000_000_000


def busy(sale, at_s: float) -> None:
    call = round(at_s * SECOND)
    sale.add("fail", "buy", f"busy-{at_s}", "cold", 1, (call, call + 9, 429, "lock-busy"))


def test_a_lock_may_outlive_the_answer_of_its_holder_a_little(sale) -> None:
    sale.buy("slow-release", "cold", 1, (20 * SECOND, 21 * SECOND, 200))
    busy(sale, 21.9)
    assert sale.invalid() == set()
    busy(sale, 24.0)
    assert sale.invalid() == {"busy_legal"}


def test_a_lock_may_outlive_a_request_that_nobody_answered_by_its_lease(sale) -> None:
    sale.add_item("plenty", 99)
    for number in range(9):
        sale.buy(f"well-{number}", "plenty", 1, (number * SECOND + 200, number * SECOND + 300, 200))
    sale.add("unknown", "buy", "lost", "cold", 1, (20 * SECOND, 21 * SECOND, 0, "cut"))
    busy(sale, 26.9)
    assert sale.invalid() == set()
    busy(sale, 29.0)
    assert sale.invalid() == {"busy_legal"}


def test_who_was_turned_away_stands_in_nobodys_way_for_long(sale) -> None:
    sale.buy("holder", "cold", 1, (20 * SECOND, 20 * SECOND + 9, 200))
    busy(sale, 20.9)
    busy(sale, 21.3)
    assert sale.invalid() == set()
    busy(sale, 21.9)
    assert sale.invalid() == {"busy_legal"}


def test_who_lost_its_own_lease_is_told_to_come_again(sale) -> None:
    sale.add("fail", "buy", "slow", "cold", 1, (20 * SECOND, 22 * SECOND, 429, "lock-busy"))
    assert sale.invalid() == set()


@pytest.mark.parametrize(
    ("fault", "name", "judged"),
    [("kill", "valkey-1", False), ("restart", "inventory-api-1", True), ("delay", "inventory-api-1-to-valkey-1", True)],
)
def test_a_fault_may_strand_a_lock_and_an_orderly_restart_may_not(sale, fault, name, judged) -> None:
    busy(sale, 20)
    sale.break_part(fault, name, 15 * SECOND, 15 * SECOND + 5, 16 * SECOND)
    sale.add("fail", "buy", "in-the-window", "hot", 9, (15 * SECOND, 16 * SECOND, 409, "out-of-stock"))
    assert sale.invalid() == ({"busy_legal"} if judged else set())


@pytest.mark.parametrize(("fault", "judged"), [("failpoint", False), ("kill", True)])
def test_a_failpoint_may_have_acted_before_anybody_looked_for_it(sale, fault, judged) -> None:
    busy(sale, 23)
    sale.break_part(fault, "inventory-api-1", 25 * SECOND, 25 * SECOND + 5, 26 * SECOND)
    sale.add("fail", "buy", "in-the-window", "hot", 9, (25 * SECOND, 26 * SECOND, 409, "out-of-stock"))
    assert sale.invalid() == ({"busy_legal"} if judged else set())


def test_a_crowd_that_comes_late_has_not_waited_since_the_run_began(sale) -> None:
    sale.add_item("late", 3)
    for number in range(40):
        call = 20 * SECOND + number * SECOND // 50
        sale.add("fail", "buy", f"late-{number}", "late", 1, (call, call + SECOND // 10, 429, "lock-busy"))
    assert sale.invalid() == set()


def test_who_ask_in_vain_explain_each_other_only_for_a_while(sale) -> None:
    """A quarter of a second between each two, so that each has somebody shortly before it."""
    sale.buy("last-served", "cold", 1, (20 * SECOND, 20 * SECOND + 9, 200))
    for number in range(1, 21):
        busy(sale, 20.5 + number / 4)
    assert sale.invalid() == set()
    for number in range(21, 24):
        busy(sale, 20.5 + number / 4)
    finding = sale.judge()["busy_legal"]
    assert finding.verdict == "invalid"
    assert "in which nobody was served there" in finding.observed


def test_a_row_of_refusals_ends_with_whoever_is_served(sale) -> None:
    sale.buy("last-served", "cold", 1, (20 * SECOND, 20 * SECOND + 9, 200))
    for number in range(1, 40):
        busy(sale, 20.5 + number / 4)
        if number % 15 == 0:
            at = round((20.6 + number / 4) * SECOND)
            sale.refuse(f"served-{number}", "cold", 1000, at, at + 9)
    assert sale.invalid() == set()


def test_a_fault_that_never_came_excuses_no_lock(sale) -> None:
    sale.break_part("kill", "valkey-1", 15 * SECOND, None, None)
    busy(sale, 20)
    assert "busy_legal" in sale.invalid()


def test_a_row_ends_where_nobody_asked_for_a_while(sale) -> None:
    """A rush in vain beside one who is served, then silence, then two who split the votes."""
    sale.buy("winner", "cold", 1, (20 * SECOND, 20 * SECOND + 9, 200))
    for number in range(22):
        busy(sale, 20 + number / 100)
    busy(sale, 30)
    busy(sale, 30 + 5e-9)
    assert "busy_legal" not in sale.invalid()


def test_a_row_ends_at_a_fault(sale) -> None:
    sale.buy("winner", "cold", 1, (20 * SECOND, 20 * SECOND + 9, 200))
    for number in range(1, 44):
        busy(sale, 20.5 + number / 4)
    sale.break_part("kill", "valkey-1", 21 * SECOND, 22 * SECOND, 24 * SECOND)
    sale.add("fail", "buy", "in-the-window", "hot", 9, (22 * SECOND, 23 * SECOND, 409, "out-of-stock"))
    assert "busy_legal" not in sale.invalid()


def test_a_key_that_is_in_flight_serves_nobody(sale) -> None:
    sale.buy("last-served", "cold", 1, (20 * SECOND, 20 * SECOND + 9, 200))
    for number in range(1, 30):
        busy(sale, 20.5 + number / 4)
        at = round((20.6 + number / 4) * SECOND)
        sale.add("unknown", "buy", f"twice-{number}", "cold", 1, (at, at + 9, 409, "request-in-flight"))
    assert "busy_legal" in sale.invalid()


def test_a_line_that_cannot_be_read_may_tell_who_was_there(sale) -> None:
    busy(sale, 20)
    sale.write()
    with sale.directory.history.open("a") as history:
        history.write('{"op": 7, "torn')
    finding = sale.findings()["busy_legal"]
    assert (finding.verdict, "may tell who was" in finding.observed) == ("unknown", True)
