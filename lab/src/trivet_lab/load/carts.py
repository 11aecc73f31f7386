"""Draws visits from the seed: what each customer orders and does about it, before it is known what they are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from trivet_lab.load.attendance import Attendance
from trivet_lab.load.draft import Draft, Request, new_key, picker, source
from trivet_lab.load.sale import zipf_weights

ANOTHER = "another"
"""The operation that sends another payload under a used key; its ``operation`` says whose key it is."""
_MS: Final = 1_000_000
_WANTED: Final = 1.1  # exponent of Zipf's law among items: the first few are in most carts
_LINES: Final = (0.5, 0.3, 0.2)  # how many lines a cart has: 1, 2, 3
_THINK_MS = 60, 900
_JUST_THEN_MS = 0, 25
_SOON_MS = 5, 120
_DECIDED_MS = 300, 900  # when an order that was sent has long been decided
_AT_ONCE = 3
_SEEN_BEFORE = 0.4  # of those who follow; they show the version that they know


def customer(number: int) -> str:
    """Return a customer's name, which is their account's too."""
    return f"customer-{number}"


class Carts:
    """Draws one visit after the other."""

    def __init__(
        self, crowd: Attendance, *, items: int, customers: int, seats: float, weights: Sequence[float]
    ) -> None:
        """Draw for this crowd. ``weights`` are of the turns in the order of ``Turns``."""
        self._clients = crowd.clients
        self._customers = customers
        self._seats = seats
        self._chance = source(crowd, "choices")
        self._keys = source(crowd, "keys")
        self._secrets = source(crowd, "holds' tokens")
        self._pick_item = picker(zipf_weights(items, _WANTED))
        self._pick_lines = picker(_LINES)
        self._pick_turn = picker(weights)
        self._number = 0
        self._turns = (
            self._look,
            self._cancel,
            self._follow,
            self._double,
            self._reuse,
            self._browse,
            self._trespass,
        )

    def at(self, due_ns: int) -> Iterator[Draft]:
        """Yield the operations of the visit that is due now, in any order."""
        self._number += 1
        turn = self._turns[self._pick_turn(self._chance.random())]
        yield from turn(customer(self._chance.randrange(self._customers)), due_ns)

    def _look(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Order, and look what became of it."""
        order = self._order(who, due_ns)
        yield order
        yield self._about(order, due_ns + self._between(*_THINK_MS), "look")

    def _cancel(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Order, and cancel: as soon as it has an id, or later; some twice at one instant, some once more later."""
        order = self._order(who, due_ns)
        yield order
        at_ns = due_ns + self._between(*(_JUST_THEN_MS if self._chance.random() < 0.5 else _THINK_MS))
        yield self._about(order, at_ns, "cancel")
        if self._chance.random() < 0.5:
            yield self._about(order, at_ns, "cancel")
        if self._chance.random() < 0.4:
            yield self._about(order, at_ns + self._between(*_DECIDED_MS), "cancel")
        yield self._about(order, at_ns + self._between(*_SOON_MS), "look")
        if self._chance.random() < 0.3:
            yield self._followed(order, due_ns, until=2)

    def _follow(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Order, follow what happens to it, and read its timeline; some cancel while they follow."""
        order = self._order(who, due_ns)
        yield order
        cancels = self._chance.random() < 0.5
        yield self._followed(order, due_ns, until=2 if cancels else 1)
        if cancels:
            yield self._about(order, due_ns + self._between(*_THINK_MS), "cancel")
        if self._chance.random() < _SEEN_BEFORE:
            yield self._followed(order, due_ns + self._between(*_DECIDED_MS), until=2 if cancels else 1, after=1)
        yield self._about(order, due_ns + self._between(*_DECIDED_MS), "timeline")

    def _double(self, who: str, due_ns: int) -> Iterator[Draft]:
        """One order, sent by several at once under its key, and once more later."""
        order = self._order(who, due_ns)
        for _ in range(_AT_ONCE):
            yield order._replace(client=self._client())
        yield order._replace(client=self._client(), due_ns=due_ns + self._between(*_DECIDED_MS))
        yield self._about(order, due_ns + self._between(*_THINK_MS), "timeline")

    def _reuse(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Another order under a key that is used, or is being used."""
        order = self._order(who, due_ns)
        yield order
        lines = [dict(line) for line in order.request.args["lines"]]
        lines[0] |= {"quantity": 5} if "item_id" in lines[0] else {"hold_id": f"{lines[0]['hold_id']}-x"}
        body = self._body(who, lines)
        args = {"operation": "order", "customer_id": who, "account_id": who, "lines": lines}
        at_ns = due_ns + self._between(*(_JUST_THEN_MS if self._chance.random() < 0.3 else _DECIDED_MS))
        yield Draft(at_ns, self._client(), order.key, Request(ANOTHER, "/orders", body, args), who)

    def _browse(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Order twice, and look at all orders: the newest, and those before the second."""
        first, second = self._order(who, due_ns), self._order(who, due_ns + self._between(*_SOON_MS))
        yield first
        yield second
        at_ns = due_ns + self._between(*_THINK_MS)
        limit = self._chance.choice([1, 2, 20, 100])
        args = {"customer_id": who, "limit": limit}
        yield Draft(at_ns, self._client(), None, Request("list", f"/orders?limit={limit}", None, args, "GET"), who)
        path = f"/orders?limit={limit}&before={{id}}"
        before = Request("list", path, None, args | {"before": True}, "GET", about=_name(second))
        yield Draft(at_ns, self._client(), None, before, who)

    def _trespass(self, who: str, due_ns: int) -> Iterator[Draft]:
        """Somebody else looks at an order, follows it, or cancels it; each is sent once, as no answer is waited for."""
        order = self._order(who, due_ns)
        yield order
        other = customer((int(who.rpartition("-")[2]) + 1) % self._customers)
        for what, method, path in _TRESPASSES:
            if self._chance.random() < 0.6:
                args = {"customer_id": other, "what": what}
                until = 1 if what == "follow" else 0
                asked = Request("trespass", path, None, args, method, once=True, about=_name(order), until=until)
                yield Draft(due_ns + self._between(*_THINK_MS), self._client(), None, asked, other)
        yield self._about(order, due_ns + self._between(*_DECIDED_MS), "look")

    def _order(self, who: str, due_ns: int) -> Draft:
        lines = [
            self._seat(place) if self._chance.random() < self._seats else self._stock() for place in self._places()
        ]
        distinct = list({tuple(sorted(self._product(line).items())): line for line in lines}.values())
        args = {"customer_id": who, "account_id": who, "lines": distinct}
        key = new_key(self._keys)
        request = Request("order", "/orders", self._body(who, distinct), args, gives=f"{who}/{key}")
        return Draft(due_ns, self._client(), key, request, who)

    def _body(self, who: str, lines: Sequence[dict[str, Any]]) -> bytes:
        """Return what is sent: a seat's line shows its hold's token, which no history has."""
        shown = [line | self._secret() if "hold_id" in line else line for line in lines]
        return msgspec.json.encode({"account_id": who, "lines": shown})

    def _secret(self) -> dict[str, Any]:
        return {"token": f"{self._secrets.getrandbits(128):032x}"}

    def _about(self, order: Draft, due_ns: int, f: str) -> Draft:
        """Ask about an order that was sent, once its id is known."""
        method, path = _ASKED[f]
        args = {"customer_id": order.who}
        return Draft(due_ns, self._client(), None, Request(f, path, None, args, method, about=_name(order)), order.who)

    def _followed(self, order: Draft, due_ns: int, *, until: int, after: int | None = None) -> Draft:
        args = {"customer_id": order.who, "until": until, "after": after or 0}
        path = "/orders/{id}/timeline/events"
        asked = Request("follow", path, None, args, "GET", about=_name(order), until=until, after=after)
        return Draft(due_ns, self._client(), None, asked, order.who)

    def _places(self) -> range:
        return range(1 + self._pick_lines(self._chance.random()))

    def _stock(self) -> dict[str, Any]:
        return {"item_id": f"item-{1 + self._pick_item(self._chance.random())}", "quantity": self._chance.randint(1, 4)}

    def _seat(self, place: int) -> dict[str, Any]:
        return {"show_id": "show-1", "hold_id": f"h-{self._number}-{place}"}

    def _product(self, line: dict[str, Any]) -> dict[str, Any]:
        return {name: line[name] for name in line if name != "quantity"}

    def _between(self, least_ms: int, most_ms: int) -> int:
        return self._chance.randrange(least_ms * _MS, most_ms * _MS)

    def _client(self) -> int:
        return self._chance.randrange(self._clients)


_ASKED: Final = {
    "look": ("GET", "/orders/{id}"),
    "cancel": ("DELETE", "/orders/{id}"),
    "timeline": ("GET", "/orders/{id}/timeline"),
}
_TRESPASSES: Final = (
    ("look", "GET", "/orders/{id}"),
    ("cancel", "DELETE", "/orders/{id}"),
    ("timeline", "GET", "/orders/{id}/timeline"),
    ("follow", "GET", "/orders/{id}/timeline/events"),
)


def _name(order: Draft) -> str:
    """Return by what name others wait for an order."""
    return order.request.gives
