"""The oracle is worth what it finds: each ledger is made bad once, and it says so; what is right it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from saga_world import Evidence, World, chance, everybody, violations

from trivet_order.adapters.memory.participants import Ledgers, MoneyEntry, SeatEntry, StockEntry
from trivet_order.domain import Money, OrderAggregate, OrderStatus


async def evidence() -> tuple[Evidence, dict[str, UUID]]:
    """Return what is right, and who is who in it."""
    world = World(chance(1))
    expected = await everybody(world)
    world.start("one")
    await world.settle()
    await world.stop()
    return world.evidence(), {kind: each.order_id for kind, each in expected.items()}


def with_ledgers(found: Evidence, change: Callable[[Ledgers], None]) -> Evidence:
    ledgers = Ledgers(list(found.ledgers.stock), list(found.ledgers.seats), list(found.ledgers.money))
    change(ledgers)
    return replace(found, ledgers=ledgers)


def drop_stock(order_id: UUID, kind: str) -> Callable[[Ledgers], None]:
    def change(ledgers: Ledgers) -> None:
        kept = [entry for entry in ledgers.stock if (entry.order_id, entry.kind) != (order_id, kind)]
        assert len(kept) < len(ledgers.stock)
        ledgers.stock = kept

    return change


async def test_what_is_right_is_left_alone() -> None:
    found, _ = await evidence()
    assert violations(found) == []


@pytest.mark.parametrize(
    ("who", "kind", "says"),
    [
        ("stock", "sold", "is confirmed, and of its lines"),
        ("stock", "pinned", "is confirmed, and of its lines"),
        ("poor", "returned", "is cancelled, and of its lines"),
    ],
)
async def test_what_was_not_done_of_stock(who: str, kind: str, says: str) -> None:
    found, people = await evidence()
    assert any(
        says in each and str(people[who]) in each
        for each in violations(with_ledgers(found, drop_stock(people[who], kind)))
    )


async def test_stock_that_was_sold_twice_or_returned_after_the_sale() -> None:
    found, people = await evidence()
    for kind in ("sold", "returned", "pinned"):
        bad = with_ledgers(
            found, lambda ledgers, kind=kind: ledgers.stock.append(StockEntry(99, people["stock"], kind, "umbrella", 2))
        )
        assert any("is confirmed, and of its lines" in each for each in violations(bad))


async def test_what_was_sold_to_one_who_cancelled() -> None:
    found, people = await evidence()
    bad = with_ledgers(
        found, lambda ledgers: ledgers.stock.append(StockEntry(99, people["poor"], "sold", "umbrella", 1))
    )
    assert any("is cancelled, and of its lines" in each for each in violations(bad))


async def test_a_seat_that_two_bought() -> None:
    found, people = await evidence()
    entry = next(entry for entry in found.ledgers.seats if entry.kind == "sold")
    bad = with_ledgers(
        found,
        lambda ledgers: ledgers.seats.append(SeatEntry(99, people["free"], "sold", entry.show_id, entry.hold_id)),
    )
    assert any("was sold to" in each for each in violations(bad))


@pytest.mark.parametrize("what", ["twice", "another amount", "another account", "not at all", "of a cancelled one"])
async def test_money_that_was_taken_wrongly(what: str) -> None:
    found, people = await evidence()
    entry = next(entry for entry in found.ledgers.money if entry.order_id == people["stock"])

    def change(ledgers: Ledgers) -> None:
        rest = [each for each in ledgers.money if each is not entry]
        more = Money(entry.amount.amount_minor + 1, "EUR")
        ledgers.money = {
            "twice": [*rest, entry, replace(entry, at=99)],
            "another amount": [*rest, replace(entry, amount=more)],
            "another account": [*rest, replace(entry, account_id="account of both")],
            "not at all": rest,
            "of a cancelled one": [*rest, entry, replace(entry, order_id=people["poor"])],
        }[what]

    assert any("was charged" in each for each in violations(with_ledgers(found, change)))


async def test_an_entry_of_an_order_that_nobody_placed() -> None:
    found, _ = await evidence()
    nobody = uuid4()
    for change in (
        lambda ledgers: ledgers.stock.append(StockEntry(99, nobody, "pinned", "umbrella", 1)),
        lambda ledgers: ledgers.seats.append(SeatEntry(99, nobody, "pinned", "hamlet", "x")),
        lambda ledgers: ledgers.money.append(MoneyEntry(99, nobody, "account of both", Money(1, "EUR"))),
    ):
        assert any("there is no order" in each for each in violations(with_ledgers(found, change)))


async def test_stock_and_money_that_do_not_add_up() -> None:
    found, _ = await evidence()
    for off in (-1, 1):
        stock = {**found.stock_left, "umbrella": found.stock_left["umbrella"] + off}
        assert any("are left" in each for each in violations(replace(found, stock_left=stock)))
        money = {**found.money_left_minor, "account of both": found.money_left_minor["account of both"] + off}
        assert any("are left" in each for each in violations(replace(found, money_left_minor=money)))


async def test_stock_that_was_oversold_by_the_books() -> None:
    found, _ = await evidence()
    before = {**found.stock_before, "umbrella": 1}
    left = {**found.stock_left, "umbrella": found.stock_left["umbrella"] - 99}
    assert any("are left" in each for each in violations(replace(found, stock_before=before, stock_left=left)))


async def test_what_was_taken_back_after_it_was_paid() -> None:
    found, people = await evidence()
    bad = with_ledgers(
        found, lambda ledgers: ledgers.stock.append(StockEntry(99, people["stock"], "returned", "umbrella", 2))
    )
    assert any("taken back" in each for each in violations(bad))


async def test_an_order_that_never_ends() -> None:
    found, people = await evidence()
    order = found.orders[people["poor"]]
    stuck = OrderAggregate(
        order.id,
        order.items,
        OrderStatus.PAYMENT_PENDING,
        customer_id=order.customer_id,
        account_id=order.account_id,
        version=order.version - 1,
    )
    bad = replace(found, orders={**found.orders, order.id: stuck})
    assert any("will stay so" in each for each in violations(bad))


async def test_a_history_with_a_gap_a_double_a_stranger_or_an_epilogue() -> None:
    found, people = await evidence()
    mine = [message for message in found.messages if message.aggregate_id == people["stock"]]
    others = [message for message in found.messages if message.aggregate_id != people["stock"]]
    for bad, says in (
        ([*mine[:2], *mine[3:]], "is at version"),
        ([*mine, mine[-1]], "went on after its end"),
        (mine[:-1], "never told so"),
        ([mine[1], mine[0], *mine[2:]], "is at version"),
        ([*mine, replace(mine[0], aggregate_id=uuid4())], "there is no order"),
    ):
        assert any(says in each for each in violations(replace(found, messages=[*others, *bad])))
