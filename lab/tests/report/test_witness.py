from __future__ import annotations

from typing import Any

import msgspec

from trivet_lab.evidence import Attempt, Finding, Operation
from trivet_lab.report.witness import lay_out, names_in, versions_before

MS = 1_000_000


def operation(op: int, call_ms: int, end_ms: int, stock: int | None, *, item: str = "t") -> Operation:
    value = None if stock is None else {"purchase_id": f"p{op}", "stock": stock}
    attempts = [Attempt(call_ms * MS, end_ms * MS, 200 if value else 409, None if value else "out-of-stock")]
    args = {"item_id": item, "quantity": 1}
    return Operation(op, 10 + op, "buy", args, f"k{op}", "ok" if value else "fail", value, attempts)


def row(op: int, version: int, stock_after: int, *, item: str = "t") -> dict[str, Any]:
    return {
        "purchase_id": f"p{op}", "item_id": item, "key": f"k{op}", "quantity": 1, "item_version": version,
        "stock_after": stock_after, "fence": None,
    }  # fmt: skip


def finding(*witness: dict[str, Any]) -> Finding:
    return Finding("no_oversell", "Nothing is sold that was not there.", "t was 1 short", "invalid", list(witness))


def plain(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(operation)
    return told


def test_a_row_and_its_operation_are_one_entry() -> None:
    witness = lay_out(finding(row(2, 8, -1), plain(operation(2, 5, 9, -1))), {})
    (timeline,) = witness.timelines
    (entry,) = timeline.entries
    assert (entry.who, entry.stock_after, entry.version) == ("client 12", -1, 8)
    assert (entry.call_ms, entry.return_ms) == (0, 4)


def test_the_collision_is_shown_with_the_sale_before_it() -> None:
    before = operation(1, 0, 8, 0)
    witness = lay_out(finding(row(2, 8, -1), plain(operation(2, 4, 10, -1))), {"k1": before}, [row(1, 7, 0)])
    (timeline,) = witness.timelines
    assert [entry.stock_after for entry in timeline.entries] == [0, -1]
    assert timeline.both == (40.0, 40.0)
    assert [(bar.x, bar.width) for entry in timeline.entries for bar in entry.bars] == [(0, 80), (40, 60)]
    assert "Client 11 took the last of t" in timeline.story[0]
    assert "Client 12 was told that it had its purchase all the same, which left −1" in timeline.story[0]
    assert "Both were in flight at the same moment" in timeline.story[0]


def test_who_did_not_meet_is_not_said_to_have_met() -> None:
    witness = lay_out(
        finding(row(2, 8, -1)), {"k1": operation(1, 0, 3, 0), "k2": operation(2, 4, 10, -1)}, [row(1, 7, 0)]
    )
    (timeline,) = witness.timelines
    assert timeline.both is None
    assert "at the same moment" not in timeline.story[0]


def test_items_and_scenes_that_lie_apart_get_timelines_of_their_own() -> None:
    rows = [row(1, 7, -1), row(2, 8, -2), row(3, 90, -1), row(4, 3, -1, item="u")]
    operations = {f"k{n}": operation(n, n, n + 1, -1, item="u" if n == 4 else "t") for n in range(1, 5)}
    witness = lay_out(finding(*rows), operations)
    assert [[entry.version for entry in timeline.entries] for timeline in witness.timelines] == [[7, 8], [90], [3]]


def test_a_row_that_nobody_was_told_of_has_no_bar() -> None:
    (timeline,) = lay_out(finding(row(1, 4, 3)), {}).timelines
    assert timeline.origin_s is None
    assert timeline.entries[0].who == "ledger: purchase"
    assert not timeline.entries[0].bars


def test_two_rows_of_one_key_are_two_entries() -> None:
    rows = [row(1, 4, 3), {**row(1, 5, 2), "purchase_id": "p9"}]
    (timeline,) = lay_out(finding(*rows), {"k1": operation(1, 0, 1, 3)}).timelines
    assert [entry.stock_after for entry in timeline.entries] == [3, 2]


def test_a_lost_update_is_told_without_a_negative_stock() -> None:
    witness = lay_out(finding(plain(operation(1, 0, 5, 4)), plain(operation(2, 1, 6, 4))), {})
    assert witness.timelines[0].story == [
        "Client 11 and client 12 were both left with a stock of 4: one did not see the other."
    ]


def transfer(op: int, payer: str, payee: str, call_ms: int, end_ms: int) -> dict[str, Any]:
    args = {"from_account_id": payer, "to_account_id": payee, "amount_minor": 5}
    attempts = [Attempt(call_ms * MS, end_ms * MS, 201, None)]
    return plain(Operation(op, 10 + op, "transfer", args, f"k{op}", "ok", {"transfer_id": f"t{op}"}, attempts))


def posting(account: str, version: int | None) -> dict[str, Any]:
    return {"posting_id": 1, "account_id": account, "amount_minor": 5, "account_version": version}


def test_two_that_changed_one_version_of_an_account_stand_beside_each_other() -> None:
    pair = (transfer(1, "a", "b", 0, 5), posting("b", 3), transfer(2, "b", "c", 1, 6), posting("b", 3))
    (timeline,) = lay_out(finding(*pair), {}).timelines
    assert (timeline.item, [entry.who for entry in timeline.entries]) == ("b", ["client 11", "client 12"])
    assert timeline.both is not None
    assert timeline.story == [
        "Client 11 and client 12 both read b at version 2 and made it version 3: one did not see the other."
    ]


def test_a_transfer_that_did_harm_at_both_its_accounts_is_shown_at_both() -> None:
    moved = transfer(1, "a", "b", 0, 5)
    timelines = lay_out(
        finding(moved, posting("a", 2), moved, posting("b", 7), moved, posting("m", None)), {}
    ).timelines
    assert [timeline.item for timeline in timelines] == ["a", "b", "m"]


def test_what_is_neither_operation_nor_row_is_shown_by_its_fields() -> None:
    (timeline,) = lay_out(finding({"attempts": "torn"}, {"id": "t", "initial_stock": 3}), {}).timelines[:1]
    assert timeline.entries


def test_only_a_sale_too_many_needs_what_came_before() -> None:
    assert versions_before([row(1, 9, -1), row(2, 5, 0), plain(operation(3, 0, 1, 2))]) == {("t", 8), ("t", 7)}
    assert names_in([row(1, 9, -1), plain(operation(3, 0, 1, 2))]) == {"k1", "p1"}
