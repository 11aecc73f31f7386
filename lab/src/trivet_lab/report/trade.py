"""What a scenario is about, in words: what is counted, what must not happen to it, and what its answers mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Trade:
    """One kind of business.

    ``harm`` names the figure that has to be 0; ``did`` and ``never`` are the clauses of a variant with and without
    harm, and ``not_even`` is said of one without, beside one with. ``statuses`` are what its answers mean.
    """

    unit: str
    harm: str
    did: str
    never: str
    not_even: str
    has_stock: bool
    statuses: Mapping[int, str]

    def status_words(self, status: int) -> str:
        """Return what a status means here."""
        return self.statuses.get(status, _STATUSES.get(status, ""))


_STATUSES = {
    0: "no answer: timed out or cut",
    200: "done",
    201: "created",
    400: "malformed",
    401: "no valid token",
    402: "not enough money",
    403: "not allowed",
    404: "no such thing",
    409: "refused for good, or in flight already",
    413: "too large",
    422: "same key, another payload",
    429: "told to wait: the lock is busy, the queue full, or the rate reached",
    500: "a defect",
    502: "bad gateway",
    503: "unavailable",
    504: "gateway timed out",
}
_SOLD = {200: "purchased", 404: "no such item", 409: "out of stock"}
_PAID = {
    200: "captured, voided or read",
    201: "paid, charged, refunded or deposited",
    404: "no such account or charge",
    409: "voided, captured or refunded already, or in flight",
}


def _sale(unit: str, statuses: Mapping[int, str] = _SOLD) -> Trade:
    return Trade(
        unit=unit,
        harm="oversold",
        did="sold {count} that did not exist",
        never=f"never sold a {unit} that did not exist",
        not_even="sold none too many",
        has_stock=True,
        statuses=statuses,
    )


MONEY = Trade(
    unit="minor unit",
    harm="lost",
    did="has balances that are {count} off their postings",
    never="spent no money twice and lost none",
    not_even="lost none",
    has_stock=False,
    statuses=_PAID,
)
SEATS = Trade(
    unit="seat",
    harm="oversold",
    did="sold {count} twice",
    never="never sold a seat twice",
    not_even="sold none twice",
    has_stock=False,
    statuses={
        200: "extended, pinned, sold, released or read",
        201: "held, or a show created",
        403: "without the hold's token",
        404: "no such hold, show or seat",
        409: "taken, expired, released or too late",
        422: "same id, other seats",
    },
)
ORDERS = Trade(
    unit="event",
    harm="untold",
    did="left {count} untold",
    never="told all that was ordered",
    not_even="left none untold",
    has_stock=False,
    statuses={
        200: "shown or followed",
        202: "ordered, or cancelled",
        404: "no such order, or another customer’s",
        409: "too late, or in flight already",
    },
)
CHECKOUTS = Trade(
    unit="order",
    harm="wronged",
    did="charged {count} something else than it cost",
    never="charged every order what it cost, once, or nothing",
    not_even="charged every other right",
    has_stock=False,
    statuses={
        **ORDERS.statuses,
        200: "shown, released, or waited for",
        201: "held, or a show created",
        404: "no such order, hold or seat",
        409: "taken, too late, released, or in flight already",
    },
)
_TRADES = {
    "flash-sale": _sale("ticket"),
    "paused-holder": _sale("ticket"),
    "flood": _sale("ticket", _SOLD | {200: "purchased or shown"}),
    "soak": _sale("unit"),
    "double-spend": MONEY,
    "siege": MONEY,
    "seat-rush": SEATS,
    "orders": ORDERS,
    "checkout": CHECKOUTS,
}


def trade_of(scenario: str) -> Trade:
    """Return what a scenario is about: the sale of some units, if it is not known by name."""
    return _TRADES.get(scenario, _sale("unit"))
