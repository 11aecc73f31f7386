"""Which value something can have had at which instant, from what its rows say and when they were asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from trivet_lab.checkers._history import EvidenceError
from trivet_lab.checkers._inventory import Change, Item

NEVER_BEFORE_NS = -(2**62)
NEVER_AFTER_NS = 2**62
_BLOCK = 256


class Timeline:
    """The value of one thing over time, as exactly as the evidence allows.

    Rows are in commit order and each says which value it left, so the value after version *v* is known and only
    the instants are not. Version *v* began no earlier than its own call and those of all versions before it (a
    running maximum), and ended no later than the returns of all versions after it (a running minimum):

        begins[v] = max(call[u] for u <= v)        ends[v] = min(return[u] for u > v)

    The value after *v* can have been the current one at t exactly if ``begins[v] <= t <= ends[v]``: place versions
    up to v at their own begin and all later ones at t or their own begin, whichever is later, and every effect lies
    between its call and its return. A row whose answer never came may have taken effect at any time after its
    call, one that no operation explains at any time. Instants that are equal are in no order.
    """

    def __init__(self, name: str, values: Sequence[int], calls: Sequence[int], returns: Sequence[int]) -> None:
        """Lay out the values of a thing of this name: the first is before any row, so there is one more than rows.

        Raises:
            EvidenceError: the rows do not follow from each other in time. Other rules say what is wrong; a bound on
                such rows would be none.
        """
        begins, ends = [NEVER_BEFORE_NS], [NEVER_AFTER_NS]
        for call in calls:
            begins.append(max(begins[-1], call))
        for until in reversed(returns):
            ends.append(min(ends[-1], until))
        ends.reverse()
        if any(begin > end for begin, end in zip(begins[1:], ends, strict=False)):
            raise EvidenceError(f"the rows of {name} were committed in another order than they were asked for")
        self._values = list(values)
        self._begins = begins
        self._ends = ends
        self._lows = [min(self._values[at : at + _BLOCK]) for at in range(0, len(self._values), _BLOCK)]

    def lowest(self, from_ns: int, to_ns: int) -> int:
        """Return the lowest value that it can have had at any instant of the closed interval."""
        first = bisect_left(self._ends, from_ns)
        last = bisect_right(self._begins, to_ns)
        return self._minimum(first, last)

    def below(self, quantity: int, from_ns: int, to_ns: int) -> bool:
        """Whether the value can have been below a quantity at some instant of the closed interval."""
        first = bisect_left(self._ends, from_ns)
        last = bisect_right(self._begins, to_ns)
        # most refusals are seen at one end or the other of their own interval
        return (
            self._values[last - 1] < quantity or self._values[first] < quantity or self._minimum(first, last) < quantity
        )

    def _minimum(self, first: int, last: int) -> int:
        if last - first <= 2 * _BLOCK:
            return min(self._values[first:last])
        left, right = first // _BLOCK + 1, last // _BLOCK
        edges = self._values[first : left * _BLOCK] + self._values[right * _BLOCK : last]
        return min([*edges, *self._lows[left:right]])


def stock_timeline(item: Item, rows: Sequence[Change], calls: Sequence[int], returns: Sequence[int]) -> Timeline:
    """Lay out an item's rows, which are in commit order; ``calls`` and ``returns`` are indexed by ``number``.

    Raises:
        EvidenceError: the rows do not follow from each other, or not in time.
    """
    stock = [item.initial_stock]
    version = None
    for row in rows:
        if row.stock_after != stock[-1] + row.delta or row.item_version == version:
            raise EvidenceError(f"the rows of {item.id} do not follow from each other")
        version = row.item_version
        stock.append(row.stock_after)
    if stock[-1] != item.stock:
        raise EvidenceError(f"the rows of {item.id} do not lead to its stock")
    return Timeline(item.id, stock, [calls[row.number] for row in rows], [returns[row.number] for row in rows])
