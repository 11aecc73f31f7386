"""What a crowd that orders does: it orders, asks again, changes its mind, looks, follows, and spies on others."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from trivet_lab.load.arrivals import arrivals
from trivet_lab.load.attendance import Attendance, is_share
from trivet_lab.load.carts import Carts, customer
from trivet_lab.load.draft import Draft, repeated

CUSTOMERS_MAX = 5_000
ORDER_SCOPES = "orders.read orders.write"
REPEATED = frozenset({"order", "cancel"})
"""What asking again is asking for the same of: whoever only looks sees something else."""


class Turns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often each visit takes which turn, relative to the others.

    ``look`` orders and looks at the order; ``cancel`` changes its mind, before, while or after it is told what was
    ordered, and some do so twice at once; ``follow`` opens the order's stream of events and reads its timeline;
    ``double`` sends one order several times at once under its key; ``reuse`` sends another one under a used key;
    ``browse`` orders more than once and lists the orders page by page; ``trespass`` looks at another's order.
    """

    look: float = 2
    cancel: float = 3
    follow: float = 3
    double: float = 1.5
    reuse: float = 1
    browse: float = 1
    trespass: float = 1


class Ordering(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="ordering"):
    """Everybody orders a few things, stock and seats, from accounts of their own.

    Attributes:
        items: how many items there are to choose from; the first few are wanted by most.
        customers: in how many names the crowd orders.
        seats: share of lines that are for seats.
        turns: how often each visit takes which turn.
    """

    MAIN: ClassVar[tuple[str, ...]] = ("order", "cancel")
    """The operations whose latency and rate a person asks for."""
    DONE: ClassVar[str] = "done"
    """What is said of one that succeeded."""
    INSIDE: ClassVar[bool] = False
    """Whether it asks services past the edge."""
    NAMED_BY: ClassVar[Mapping[str, tuple[str, ...]]] = {"cancel": ("order_id",)}
    """The arguments that name what is asked for without a key, by its operation."""

    items: int = 12
    customers: int = 40
    seats: float = 0.3
    turns: Turns = Turns()

    def subjects(self, crowd: Attendance) -> Mapping[str, Sequence[str]]:
        """Return in whose names the crowd asks, by the scopes that they need."""
        del crowd
        return {ORDER_SCOPES: [customer(number) for number in range(self.customers)]}

    def drafts(self, crowd: Attendance) -> Iterator[Iterator[Draft]]:
        """Yield streams of operations, each in the order in which they are due.

        What follows an order may be due after the last phase, and waits until the order's id is known.
        """
        yield in_order(self, crowd)
        for again in crowd.again:
            yield repeated(crowd, again, (draft for draft in in_order(self, crowd) if draft.request.f in REPEATED))

    def faults(self, duration_s: float) -> Iterator[str]:
        """Yield a sentence for everything that cannot be sent, each beginning with its field."""
        del duration_s
        if self.items < 1:
            yield f"items is at least 1, not {self.items}"
        if not 2 <= self.customers <= CUSTOMERS_MAX:
            yield f"customers is 2 to {CUSTOMERS_MAX}, not {self.customers}"
        if not is_share(self.seats):
            yield f"seats is 0 to 1, not {self.seats}"
        weights = msgspec.structs.astuple(self.turns)
        if not (all(0 <= weight < float("inf") for weight in weights) and sum(weights) > 0):
            yield "turns are at least 0, and one is above 0"


def in_order(ordering: Ordering, crowd: Attendance) -> Iterator[Draft]:
    """Yield every operation of every visit as it is due; a visit's operations come no earlier than the visit."""
    carts = Carts(
        crowd,
        items=ordering.items,
        customers=ordering.customers,
        seats=ordering.seats,
        weights=msgspec.structs.astuple(ordering.turns),
    )
    number = itertools.count()
    waiting: list[tuple[int, int, Draft]] = []
    for due_ns in arrivals(crowd):
        for draft in carts.at(due_ns):
            heapq.heappush(waiting, (draft.due_ns, next(number), draft))
        while waiting and waiting[0][0] <= due_ns:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
