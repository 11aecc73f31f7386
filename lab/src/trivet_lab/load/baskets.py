"""Draws visits from the seed: what each customer puts into a basket, and what they do about it before it is sold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from trivet_lab.load.attendance import Attendance
from trivet_lab.load.draft import Draft, Request, new_key, picker, source
from trivet_lab.load.halls import Hall, Show
from trivet_lab.load.holding import Hold

AWAIT = "await"
"""Who waits for an order's end; what they are shown last is what they are told."""
ENDS: Final = ("Order Confirmed", "Order Cancelled")
_MS: Final = 1_000_000
_SIT_TOGETHER: Final = (0.5, 0.35, 0.15)  # how many seats: 1, 2, 3
_LINES: Final = (0.7, 0.3)  # how many kinds of goods: 1, 2
_QUANTITIES: Final = (0.7, 0.2, 0.1)  # of one kind: 1, 2, 3
_TWO_HOLDS = 0.15  # of those who want seats have them in two places
_THINK_MS = 20, 300
_JUST_THEN_MS = 0, 25
_LOOK_MS = 5, 40
_TOO_LATE_MS = 30, 400
_DECIDED_MS = 500, 1_500
_AT_ONCE = 3


class Baskets:
    """Draws one visit after the other."""

    def __init__(
        self,
        crowd: Attendance,
        *,
        customers: Sequence[str],
        goods: Sequence[tuple[str, float]],
        shows: Sequence[Show],
        ttl_ms: tuple[int, int],
        charge_ms: tuple[int, int],
        weights: Sequence[float],
    ) -> None:
        """Draw for this crowd. ``goods`` are ids with weights, ``weights`` of the trips in the order of ``Trips``."""
        self._clients = crowd.clients
        self._customers = customers
        self._goods = [name for name, _ in goods]
        self._halls = [Hall(show) for show in shows]
        self._ttl_ms = ttl_ms
        self._charge_ms = charge_ms
        self._chance = source(crowd, "choices")
        self._keys = source(crowd, "keys")
        self._pick_good = picker([weight for _, weight in goods])
        self._pick_show = picker([show.weight for show in shows])
        self._pick_trip = picker(weights)
        self._pick_seats = picker(_SIT_TOGETHER)
        self._pick_lines = picker(_LINES)
        self._pick_quantity = picker(_QUANTITIES)
        self._number = 0
        self._trips = (
            self._stock,
            self._seats,
            self._both,
            self._double,
            self._cancel,
            self._race,
            self._late,
            self._give_back,
            self._borrow,
            self._walk_in,
        )

    def at(self, due_ns: int) -> Iterator[Draft]:
        """Yield the operations of the visit that is due now, in any order."""
        self._number += 1
        trip = self._trips[self._pick_trip(self._chance.random())]
        yield from trip(self._chance.choice(self._customers), due_ns)

    def _stock(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Order goods, and wait."""
        order = self._order(who, due_ns, self._goods_wanted())
        yield order
        yield self._awaited(order)

    def _seats(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Hold seats, think, order them, and wait."""
        holds, held = self._held(who, due_ns)
        yield from held
        order = self._order(who, due_ns + self._between(*_THINK_MS), [], holds)
        yield order
        yield self._awaited(order)

    def _both(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Seats and goods in one order: all of it or nothing."""
        holds, held = self._held(who, due_ns)
        yield from held
        order = self._order(who, due_ns + self._between(*_THINK_MS), self._goods_wanted(), holds)
        yield order
        yield self._awaited(order)

    def _double(self, who: str, due_ns: int) -> Iterator[Draft]:
        """One order, sent by several at once under its key, and once more later."""
        order = self._order(who, due_ns, self._goods_wanted())
        for _ in range(_AT_ONCE):
            yield order._replace(client=self._client())
        yield order._replace(client=self._client(), due_ns=due_ns + self._between(*_DECIDED_MS))
        yield self._awaited(order)

    def _cancel(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Order, and cancel as soon as it has an id; some twice at once, some have seats."""
        holds, held = self._held(who, due_ns) if self._chance.random() < 0.4 else ([], [])
        yield from held
        order = self._order(who, due_ns + (self._between(*_THINK_MS) if holds else 0), self._goods_wanted(), holds)
        yield order
        at_ns = order.due_ns + self._between(*_JUST_THEN_MS)
        yield self._about(order, at_ns, "cancel", "DELETE")
        if self._chance.random() < 0.3:
            yield self._about(order, at_ns, "cancel", "DELETE")
        yield self._awaited(order)

    def _race(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Order, and cancel at about the instant of the charge; some insist."""
        holds, held = self._held(who, due_ns) if self._chance.random() < 0.4 else ([], [])
        yield from held
        order = self._order(who, due_ns + (self._between(*_THINK_MS) if holds else 0), self._goods_wanted(), holds)
        yield order
        yield self._about(order, order.due_ns + self._between(*self._charge_ms), "cancel", "DELETE")
        if self._chance.random() < 0.3:
            yield self._about(order, order.due_ns + self._between(*_DECIDED_MS), "cancel", "DELETE")
        yield self._awaited(order)

    def _late(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Order seats when the time for it is over; half of these want goods too, which they do not get either."""
        ttl_ms = self._ttl_ms[0]
        holds, held = self._held(who, due_ns, ttl_ms)
        yield from held
        goods = self._goods_wanted() if self._chance.random() < 0.5 else []
        order = self._order(who, due_ns + ttl_ms * _MS + self._between(*_TOO_LATE_MS), goods, holds)
        yield order
        yield self._awaited(order)

    def _give_back(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Release the hold at about the instant at which the order takes it."""
        holds, held = self._held(who, due_ns)
        yield from held
        order = self._order(who, due_ns + self._between(*_THINK_MS), [], holds)
        yield order
        at_ns = order.due_ns + self._between(*self._charge_ms)
        yield Draft(
            at_ns, self._client(), None, msgspec.structs.replace(holds[0].release(), follows=holds[0].name), who
        )
        yield self._awaited(order)

    def _borrow(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Order goods from somebody else's account."""
        others = [name for name in self._customers if name != who]
        order = self._order(who, due_ns, self._goods_wanted(), account=self._chance.choice(others))
        yield order
        yield self._awaited(order)

    def _walk_in(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Buy goods as anybody may who has no order: stock that an order holds is not there for them."""
        for line in self._goods_wanted():
            asked = Request("buy", "/buy-item", msgspec.json.encode(line), line)
            yield Draft(due_ns, self._client(), new_key(self._keys), asked, who)

    def _held(self, who: str, due_ns: int, ttl_ms: int | None = None) -> tuple[list[Hold], list[Draft]]:
        """Return one hold, or two, and what asks for them."""
        count = 2 if self._chance.random() < _TWO_HOLDS else 1
        holds, drafts = [], []
        for place in range(count):
            hall = self._halls[self._pick_show(self._chance.random())]
            hold = Hold(hall.show.id, who, f"h-{self._number}-{place}")
            seats = hall.beside_each_other(self._chance, 1 + self._pick_seats(self._chance.random()))
            asked = hold.hold(seats, ttl_ms or self._ttl())
            drafts.append(Draft(due_ns, self._client(), None, asked, who))
            holds.append(hold)
        return holds, drafts

    def _order(
        self,
        who: str,
        due_ns: int,
        goods: Sequence[dict[str, Any]],
        holds: Sequence[Hold] = (),
        account: str = "",
    ) -> Draft:
        """Order these goods and what is held; the tokens of the holds stand in the body once they are known."""
        lines = [*goods, *({"show_id": hold.show_id, "hold_id": hold.id} for hold in holds)]
        pays = account or who
        key = new_key(self._keys)
        request = Request(
            "order",
            "/orders",
            msgspec.json.encode({"account_id": pays, "lines": lines}),
            {"customer_id": who, "account_id": pays, "lines": lines},
            gives=f"{who}/{key}",
            shows=tuple(hold.name for hold in holds),
        )
        return Draft(due_ns, self._client(), key, request, who)

    def _awaited(self, order: Draft) -> Draft:
        """Wait for an order's end, once its id is known."""
        at_ns = order.due_ns + self._between(*_LOOK_MS)
        return self._about(order, at_ns, AWAIT, "GET", ENDS)

    def _about(self, order: Draft, due_ns: int, f: str, method: str, ends: tuple[str, ...] = ()) -> Draft:
        args = {"customer_id": order.who}
        asked = Request(f, "/orders/{id}", None, args, method, about=order.request.gives, ends=ends)
        return Draft(due_ns, self._client(), None, asked, order.who)

    def _goods_wanted(self) -> list[dict[str, Any]]:
        """Return lines of goods, each kind once."""
        names = {self._goods[self._pick_good(self._chance.random())] for _ in self._places()}
        return [{"item_id": name, "quantity": 1 + self._pick_quantity(self._chance.random())} for name in sorted(names)]

    def _places(self) -> range:
        return range(1 + self._pick_lines(self._chance.random()))

    def _ttl(self) -> int:
        least, most = self._ttl_ms
        return self._chance.randint(least, most)

    def _between(self, least_ms: int, most_ms: int) -> int:
        return self._chance.randrange(least_ms * _MS, most_ms * _MS)

    def _client(self) -> int:
        return self._chance.randrange(self._clients)
