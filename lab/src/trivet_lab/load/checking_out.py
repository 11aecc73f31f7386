"""What a crowd that checks out does: it holds seats, orders them and scarce goods, waits, cancels, comes too late."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from trivet_lab.load.arrivals import arrivals
from trivet_lab.load.attendance import Attendance
from trivet_lab.load.baskets import Baskets
from trivet_lab.load.draft import Draft, repeated
from trivet_lab.load.halls import PRICES_MINOR, Show
from trivet_lab.load.spending import Account

CHECKOUT_SCOPES = "items.buy orders.read orders.write seats.hold shows.read"
HOLD_TTL_MS_LEAST = 1_000
HOLD_TTL_MS_MOST = 120_000
PRICE_MAX_MINOR = 1_000_000_000
REPEATED = frozenset({"buy", "hold", "order", "cancel"})
"""What asking again is asking for the same of: whoever only looks sees something else."""


class Good(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something for sale that orders hold: ``weight`` is its share of the demand, relative to the other goods'.

    It begins with ``stock`` at this price. The crowd does not look at either; those who read a plan do.
    """

    id: str
    stock: int
    unit_price_minor: int
    weight: float = 1.0


class Trips(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often each visit goes which way, relative to the others.

    ``stock``, ``seats`` and ``both`` order these and wait for the end; ``double`` sends one order several times at
    once; ``cancel`` cancels as soon as the order has an id; ``race`` cancels at about the instant of the charge;
    ``late`` orders seats when their hold is over; ``give_back`` releases the hold as the order takes it; ``borrow``
    would have somebody else pay; ``walk_in`` buys goods past every order, from the same stock.
    """

    stock: float = 3
    seats: float = 2
    both: float = 2
    double: float = 0.7
    cancel: float = 1.2
    race: float = 2
    late: float = 1.2
    give_back: float = 0.6
    borrow: float = 0.6
    walk_in: float = 0.6


class CheckingOut(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="checking-out"
):
    """Everybody wants a few scarce things and seats, all or nothing, and pays from an account of their own.

    Attributes:
        accounts: the customers', whose ids are their names, and the merchant that is paid; some customers are poor.
        goods: what there is in stock.
        shows: what there is to see, and how many seats each has.
        seat_prices_minor: what a seat of each block costs; the crowd does not look at it.
        currency: of all of it.
        ttl_ms_max: a hold is asked for from ``HOLD_TTL_MS_LEAST`` to this long.
        lease_ms: how long a worker's lease of a group of orders lasts; the crowd does not look at it either.
        charge_ms: from when to when after its order's answer a charge is expected: whoever races it cancels then.
        trips: how often each visit goes which way.
    """

    MAIN: ClassVar[tuple[str, ...]] = ("hold", "order", "cancel")
    """The operations whose latency and rate a person asks for."""
    DONE: ClassVar[str] = "done"
    """What is said of one that succeeded."""
    INSIDE: ClassVar[bool] = False
    """Whether it asks services past the edge."""
    NAMED_BY: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "hold": ("show_id", "subject", "id"),
        "cancel": ("order_id",),
    }
    """The arguments that name what is asked for without a key, by its operation."""

    accounts: list[Account]
    goods: list[Good]
    shows: list[Show]
    seat_prices_minor: dict[str, int] = msgspec.field(default_factory=lambda: dict(PRICES_MINOR))
    currency: str = "EUR"
    ttl_ms_max: int = 4_000
    charge_ms: tuple[int, int] = (10, 400)
    lease_ms: int = 2_100
    trips: Trips = Trips()

    def customers(self) -> list[str]:
        """Return the names of all customers, which are their accounts' ids."""
        return [account.id for account in self.accounts if account.kind == "customer"]

    def subjects(self, crowd: Attendance) -> Mapping[str, Sequence[str]]:
        """Return in whose names the crowd asks, by the scopes that they need."""
        del crowd
        return {CHECKOUT_SCOPES: self.customers()}

    def drafts(self, crowd: Attendance) -> Iterator[Iterator[Draft]]:
        """Yield streams of operations, each in the order in which they are due.

        What follows a hold or an order may be due after the last phase, and waits for what it needs of its answer.
        """
        yield in_order(self, crowd)
        for again in crowd.again:
            yield repeated(crowd, again, (draft for draft in in_order(self, crowd) if draft.request.f in REPEATED))

    def faults(self, duration_s: float) -> Iterator[str]:
        """Yield a sentence for everything that cannot be sent, each beginning with its field."""
        del duration_s
        if len(self.customers()) < 2:
            yield "accounts has at least two customers"
        if [account.kind for account in self.accounts].count("merchant") != 1:
            yield "accounts has one merchant"
        if not self.goods or not self.shows:
            yield "goods and shows are at least one each"
        for place, good in enumerate(self.goods):
            if not (good.stock >= 0 and 1 <= good.unit_price_minor <= PRICE_MAX_MINOR and good.weight > 0):
                yield f"goods[{place}] has a stock of 0 or more, a price of 1 or more and a weight above 0"
        for place, show in enumerate(self.shows):
            yield from (f"shows[{place}].{sentence}" for sentence in show.faults())
        if not HOLD_TTL_MS_LEAST <= self.ttl_ms_max <= HOLD_TTL_MS_MOST:
            yield f"ttl_ms_max is {HOLD_TTL_MS_LEAST} to {HOLD_TTL_MS_MOST}, not {self.ttl_ms_max}"
        if not 0 <= self.charge_ms[0] < self.charge_ms[1]:
            yield f"charge_ms is from 0 or more to more than that, not {self.charge_ms}"
        weights = msgspec.structs.astuple(self.trips)
        if not (all(0 <= weight < float("inf") for weight in weights) and sum(weights) > 0):
            yield "trips are at least 0, and one is above 0"


def in_order(errand: CheckingOut, crowd: Attendance) -> Iterator[Draft]:
    """Yield every operation of every visit as it is due; a visit's operations come no earlier than the visit."""
    baskets = Baskets(
        crowd,
        customers=errand.customers(),
        goods=[(good.id, good.weight) for good in errand.goods],
        shows=errand.shows,
        ttl_ms=(HOLD_TTL_MS_LEAST, errand.ttl_ms_max),
        charge_ms=errand.charge_ms,
        weights=msgspec.structs.astuple(errand.trips),
    )
    number = itertools.count()
    waiting: list[tuple[int, int, Draft]] = []
    for due_ns in arrivals(crowd):
        for draft in baskets.at(due_ns):
            heapq.heappush(waiting, (draft.due_ns, next(number), draft))
        while waiting and waiting[0][0] <= due_ns:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
