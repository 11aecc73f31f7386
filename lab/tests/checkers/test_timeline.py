"""The bound on an item's stock is exact: it is compared with every placement of the effects that the clock allows."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivet_lab.checkers import EvidenceError
from trivet_lab.checkers._inventory import Item, Purchase, Restock
from trivet_lab.checkers._timeline import NEVER_AFTER_NS, NEVER_BEFORE_NS, stock_timeline

CLOCK = range(6)


def rows_of(deltas: list[int]) -> list[Purchase | Restock]:
    rows, stock = [], 3
    for number, delta in enumerate(deltas):
        stock += delta
        kind = Restock if delta > 0 else Purchase
        row = kind(
            id=str(number), item_id="i", key=None, quantity=abs(delta), item_version=number + 1, stock_after=stock
        )
        row.number = number
        rows.append(row)
    return rows


def possible_stocks(rows, calls, returns, from_ns: int, to_ns: int) -> set[int]:
    """Try every instant of every row. Effects of one instant follow each other, and anybody may look in between."""
    clock = [CLOCK[0] - 1, *CLOCK, CLOCK[-1] + 1]
    spans = [[at for at in clock if call <= at <= until] for call, until in zip(calls, returns, strict=True)]
    stocks = [3, *(row.stock_after for row in rows)]
    seen = set()
    for instants in itertools.product(*spans):
        if list(instants) == sorted(instants):
            bounds = [clock[0], *instants, clock[-1]]
            for version, stock in enumerate(stocks):
                if bounds[version] <= to_ns and bounds[version + 1] >= from_ns:
                    seen.add(stock)
    return seen


@st.composite
def items_in_time(draw: st.DrawFn):
    deltas = draw(st.lists(st.sampled_from([-2, -1, 1, 2]), max_size=4))
    calls, returns = [], []
    for _ in deltas:
        call, until = sorted(draw(st.tuples(st.sampled_from(CLOCK), st.sampled_from(CLOCK))))
        calls.append(draw(st.sampled_from([call, call, call, NEVER_BEFORE_NS])))
        returns.append(draw(st.sampled_from([until, until, until, NEVER_AFTER_NS])))
    from_ns, to_ns = sorted(draw(st.tuples(st.sampled_from(CLOCK), st.sampled_from(CLOCK))))
    return rows_of(deltas), calls, returns, from_ns, to_ns


@settings(max_examples=400)
@given(items_in_time())
def test_the_lowest_stock_is_that_of_some_placement_and_of_no_lower_one(drawn) -> None:
    rows, calls, returns, from_ns, to_ns = drawn
    stocks = possible_stocks(rows, calls, returns, from_ns, to_ns)
    item = Item("i", 3, rows[-1].stock_after if rows else 3, len(rows))
    if not stocks:
        with pytest.raises(EvidenceError, match="another order"):
            stock_timeline(item, rows, calls, returns)
        return
    timeline = stock_timeline(item, rows, calls, returns)
    assert timeline.lowest(from_ns, to_ns) == min(stocks)
    for quantity in range(-6, 12):
        assert timeline.below(quantity, from_ns, to_ns) == (min(stocks) < quantity)


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_long_intervals_are_answered_from_blocks(seed) -> None:
    chance = random.Random(seed)  # noqa: S311  - any long list will do
    stocks = [chance.randrange(9_000) for _ in range(2_000)]
    deltas = [after - before for before, after in itertools.pairwise([3, *stocks])]
    rows = rows_of(deltas)
    instants = range(len(rows))
    timeline = stock_timeline(Item("i", 3, stocks[-1], len(rows)), rows, instants, instants)
    first, last = sorted(chance.sample(instants, 2))
    lowest = min([3, *stocks][first : last + 2])  # what stood just before an instant may be seen at that instant
    assert timeline.lowest(first, last) == lowest
    assert timeline.below(lowest + 1, first, last)
    assert not timeline.below(lowest, first, last)


def test_a_version_is_no_earlier_than_those_before_it_and_no_later_than_those_after() -> None:
    arrivals = rows_of([1, 1])
    timeline = stock_timeline(Item("i", 3, 5, 2), arrivals, calls=[0, 0], returns=[5, 1])
    assert timeline.lowest(3, 3) == 5  # the second was there at 1, so the first was too, though its answer came at 5
    sales = rows_of([-1, -1])
    timeline = stock_timeline(Item("i", 3, 1, 2), sales, calls=[4, 0], returns=[9, 9])
    assert timeline.lowest(2, 2) == 3  # the first was not asked for before 4, so the second came later still


def test_rows_that_do_not_follow_from_each_other_are_no_timeline() -> None:
    rows = rows_of([-1, -1])
    for item, order in ((Item("i", 4, 1, 2), rows), (Item("i", 3, 2, 2), rows), (Item("i", 3, 1, 2), rows[::-1])):
        with pytest.raises(EvidenceError, match="do not"):
            stock_timeline(item, order, [0, 0], [9, 9])
