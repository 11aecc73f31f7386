"""What a crowd that wants seats does: it fights for the front row, and holds, waits, pays, leaves or comes too late."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from trivet_lab.load.arrivals import arrivals
from trivet_lab.load.attendance import Attendance, is_share
from trivet_lab.load.draft import Draft, repeated
from trivet_lab.load.halls import Show
from trivet_lab.load.holding import READING
from trivet_lab.load.visits import ORDERS, Visits, guest

BOX_OFFICE = "box-office"
"""Who creates the shows."""
GUEST_SCOPES = "seats.hold shows.read"
ORDER_SCOPES = "seats.settle"
HOLD_TTL_MS_LEAST = 1_000
HOLD_TTL_MS_MOST = 120_000
_HOLD = ("show_id", "subject", "id")


class Ways(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often each visit goes which way, relative to the others.

    ``settle`` pins and confirms in an order's name; ``at_once`` confirms what nobody pinned; ``extend`` asks for more
    time first; ``abandon`` never comes back; ``late`` pins when the time is over; ``release`` gives the seats back,
    some before they are held; ``undo`` has an order release what it pins just then; ``rivals`` has two orders pin one
    hold; ``scramble`` has several go for one place at one instant; ``batch`` has a service do it for several people.
    """

    settle: float = 4
    at_once: float = 1.5
    extend: float = 1.5
    abandon: float = 1.5
    late: float = 2.5
    release: float = 1.5
    undo: float = 1
    rivals: float = 1
    scramble: float = 1
    batch: float = 1


class Seating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="seating"):
    """Everybody wants to sit in front.

    Attributes:
        shows: what there is to see, and how many seats each has.
        ttl_ms_max: a hold is asked for from ``HOLD_TTL_MS_LEAST`` to this long, so that many run out while the crowd
            is there.
        ways: how often each visit goes which way.
        looked: share of visits in which somebody looks at the hold or at the hall.
        mistaken: share of pins that show another hold's token first.
        reused: share of holds whose id is sent again with other seats.
    """

    MAIN: ClassVar[tuple[str, ...]] = ("hold", "extend", "pin", "confirm", "release")
    """The operations whose latency and rate a person asks for."""
    DONE: ClassVar[str] = "done"
    """What is said of one that succeeded."""
    INSIDE: ClassVar[bool] = True
    """Whether it asks services past the edge."""
    NAMED_BY: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "hold": _HOLD,
        "pin": (*_HOLD, "order_id"),
        "confirm": (*_HOLD, "order_id"),
        "release": (*_HOLD, "order_id"),
    }
    """The arguments that name what is asked for without a key, by its operation."""

    shows: list[Show]
    ttl_ms_max: int = 2_000
    ways: Ways = Ways()
    looked: float = 0.15
    mistaken: float = 0.1
    reused: float = 0.05

    def subjects(self, crowd: Attendance) -> Mapping[str, Sequence[str]]:
        """Return in whose names the crowd asks, by the scopes that they need."""
        return {GUEST_SCOPES: [guest(client) for client in range(crowd.clients)], ORDER_SCOPES: [ORDERS]}

    def drafts(self, crowd: Attendance) -> Iterator[Iterator[Draft]]:
        """Yield streams of operations, each in the order in which they are due.

        What follows a hold may be due after the last phase.
        """
        yield in_order(self, crowd)
        for again in crowd.again:
            yield repeated(crowd, again, (draft for draft in in_order(self, crowd) if _may_repeat(draft)))

    def faults(self, duration_s: float) -> Iterator[str]:
        """Yield a sentence for everything that cannot be sent, each beginning with its field."""
        del duration_s
        if not self.shows:
            yield "shows has at least one show"
        for place, show in enumerate(self.shows):
            yield from (f"shows[{place}].{sentence}" for sentence in show.faults())
        if len({show.id for show in self.shows}) < len(self.shows):
            yield "shows has an id twice"
        if not HOLD_TTL_MS_LEAST <= self.ttl_ms_max <= HOLD_TTL_MS_MOST:
            yield f"ttl_ms_max is {HOLD_TTL_MS_LEAST} to {HOLD_TTL_MS_MOST}, not {self.ttl_ms_max}"
        weights = msgspec.structs.astuple(self.ways)
        if not (all(0 <= weight < float("inf") for weight in weights) and sum(weights) > 0):
            yield "ways are at least 0, and one is above 0"
        for name in ("looked", "mistaken", "reused"):
            if not is_share(getattr(self, name)):
                yield f"{name} is 0 to 1, not {getattr(self, name)}"


def in_order(seating: Seating, crowd: Attendance) -> Iterator[Draft]:
    """Yield every operation of every visit as it is due; a visit's operations come no earlier than the visit."""
    visits = Visits(
        crowd,
        seating.shows,
        weights=msgspec.structs.astuple(seating.ways),
        ttl_ms=(HOLD_TTL_MS_LEAST, seating.ttl_ms_max),
        shares=(seating.looked, seating.mistaken, seating.reused),
    )
    number = itertools.count()
    waiting: list[tuple[int, int, Draft]] = []
    for due_ns in arrivals(crowd):
        for draft in visits.at(due_ns):
            heapq.heappush(waiting, (draft.due_ns, next(number), draft))
        while waiting and waiting[0][0] <= due_ns:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _may_repeat(draft: Draft) -> bool:
    """Whether asking again is asking for the same: whoever only looks sees something else."""
    return draft.request.f not in READING
