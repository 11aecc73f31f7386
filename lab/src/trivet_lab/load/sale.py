"""What a crowd of buyers wants: items, a few of them by many, and goods that arrive while they buy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from trivet_lab.load.arrivals import arrivals
from trivet_lab.load.attendance import Attendance, is_positive
from trivet_lab.load.draft import Draft, Request, new_key, picker, repeated, source

STAFF = "staff"
_ITEM_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_QUANTITY_MAX = 1_000  # what one purchase may ask for


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something for sale: ``weight`` is its share of the demand, relative to the other items'.

    ``stock`` is what it starts with. The crowd does not look at it; those who read a plan do.
    """

    id: str
    stock: int
    weight: float = 1.0


class Restock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that arrive ``at_s`` after the crowd's start."""

    at_s: float
    item_id: str
    quantity: int


class Sale(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="sale"):
    """Everybody wants to buy.

    Attributes:
        items: what is for sale.
        restocks: goods that arrive. They are the shop's own: their client is one past the last buyer.
        quantity_weights: relative frequency of buying 1, 2, 3, …
    """

    MAIN: ClassVar[tuple[str, ...]] = ("buy",)
    """The operations whose latency and rate a person asks for."""
    DONE: ClassVar[str] = "sold"
    """What is said of one that succeeded."""
    INSIDE: ClassVar[bool] = False
    """Whether it asks services past the edge."""
    NAMED_BY: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The arguments that name what is asked for without a key, by its operation."""

    items: list[Item]
    restocks: list[Restock] = []
    quantity_weights: tuple[float, ...] = (0.85, 0.09, 0.04, 0.02)

    def subjects(self, crowd: Attendance) -> Mapping[str, Sequence[str]]:
        """Return in whose names the crowd asks, by the scopes that they need."""
        return {"items.buy": [_buyer(client) for client in range(crowd.clients)], "items.write": [STAFF]}

    def drafts(self, crowd: Attendance) -> Iterator[Iterator[Draft]]:
        """Yield streams of operations, each in the order in which they are due.

        A restock that is due together with a purchase comes first. What is sent again may be due after the last phase.
        """
        yield self._restocks(crowd)
        yield self._purchases(crowd)
        for again in crowd.again:
            yield repeated(crowd, again, self._purchases(crowd))

    def faults(self, duration_s: float) -> Iterator[str]:
        """Yield a sentence for everything that cannot be sent, each beginning with its field."""
        yield from self._faults_of_items()
        yield from self._faults_of_restocks(duration_s)

    def _purchases(self, crowd: Attendance) -> Iterator[Draft]:
        choices, keys = source(crowd, "choices"), source(crowd, "keys")
        quantities = range(1, len(self.quantity_weights) + 1)
        requests = [[_purchase(item.id, quantity) for quantity in quantities] for item in self.items]
        pick_item = picker([item.weight for item in self.items])
        pick_quantity = picker(self.quantity_weights)
        for due_ns in arrivals(crowd):
            request = requests[pick_item(choices.random())][pick_quantity(choices.random())]
            client = int(choices.random() * crowd.clients)
            yield Draft(due_ns, client, new_key(keys), request, _buyer(client))

    def _restocks(self, crowd: Attendance) -> Iterator[Draft]:
        keys = source(crowd, "restocks")
        for restock in sorted(self.restocks, key=lambda restock: restock.at_s):
            request = _restock(restock.item_id, restock.quantity)
            yield Draft(round(restock.at_s * 1e9), crowd.clients, new_key(keys), request, STAFF)

    def _faults_of_items(self) -> Iterator[str]:
        if not self.items:
            yield "items has at least one item"
        seen: set[str] = set()
        for place, item in enumerate(self.items):
            name = f"items[{place}]"
            if not _ITEM_ID.fullmatch(item.id) or item.id == "batch":
                yield f"{name}.id is 1 to 64 of a-z, 0-9 and -, and never `batch`, not {item.id!r}"
            if item.id in seen:
                yield f"{name}.id {item.id!r} stands twice"
            if item.stock < 0:
                yield f"{name}.stock is at least 0, not {item.stock}"
            if not is_positive(item.weight):
                yield f"{name}.weight is above 0, not {item.weight}"
            seen.add(item.id)
        if not self.quantity_weights or not all(is_positive(weight) for weight in self.quantity_weights):
            yield "quantity_weights has at least one weight, each above 0"
        if len(self.quantity_weights) > _QUANTITY_MAX:
            yield f"quantity_weights has at most {_QUANTITY_MAX} weights, not {len(self.quantity_weights)}"

    def _faults_of_restocks(self, duration_s: float) -> Iterator[str]:
        items = {item.id for item in self.items}
        for place, restock in enumerate(self.restocks):
            name = f"restocks[{place}]"
            if restock.item_id not in items:
                yield f"{name}.item_id {restock.item_id!r} is none of the items"
            if not 0 <= restock.at_s <= duration_s:
                yield f"{name}.at_s is within the phases' {duration_s:g} s, not {restock.at_s}"
            if not 1 <= restock.quantity <= 1_000_000:
                yield f"{name}.quantity is 1 to 1000000, not {restock.quantity}"


def zipf_weights(count: int, exponent: float) -> list[float]:
    """Return weights by rank, ``1 / rank ** exponent``: few are wanted by many, and many by few."""
    return [1 / rank**exponent for rank in range(1, count + 1)]


def _buyer(client: int) -> str:
    return f"buyer-{client}"


def _purchase(item_id: str, quantity: int) -> Request:
    args = {"item_id": item_id, "quantity": quantity}
    return Request("buy", "/buy-item", msgspec.json.encode(args), args)


def _restock(item_id: str, quantity: int) -> Request:
    body = msgspec.json.encode({"quantity": quantity})
    return Request("restock", f"/items/{item_id}/restock", body, {"item_id": item_id, "quantity": quantity})
