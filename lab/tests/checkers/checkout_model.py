"""A right checkout in memory, one generator an order: it yields what it asks of others and is told, or hears nothing.

Subclasses break one thing each, where the method's name says it.
"""

import runpy
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

WORLD = runpy.run_path(str(Path(__file__).with_name("checkout_world.py")))
CAPTURED, DECLINED, HELD, REFUSED, REJECTED, VOIDED = (
    WORLD[name] for name in ("CAPTURED", "DECLINED", "HELD", "REFUSED", "REJECTED", "VOIDED")
)
Row = dict[str, Any]
Ask = Generator[Callable[[], Any], Any, Any]
GOODS = [
    {"id": "i-0", "stock": 3, "unit_price_minor": 100},
    {"id": "i-1", "stock": 5, "unit_price_minor": 250},
    {"id": "i-2", "stock": 500, "unit_price_minor": 40},
]
SEAT_PRICES = {"front": 900, "back": 300}
SEATS = {f"{block}-1-{number}": price for block, price in SEAT_PRICES.items() for number in range(1, 9)}
SOLD_OUT = "out-of-stock"


class Checkout:
    """The order's service with everybody whom it asks."""

    INVENTORY, WALLET = "Inventory", "Wallet"

    def __init__(self, customers: dict[str, int]) -> None:
        accounts = [
            {"id": name, "owner": name, "kind": "customer", "opening_minor": minor} for name, minor in customers.items()
        ]
        accounts.append({"id": WORLD["MERCHANT"], "owner": "shop", "kind": "merchant", "opening_minor": 0})
        self.inventory = WORLD[self.INVENTORY](GOODS)
        self.reservation = WORLD["Reservation"](SEATS)
        self.wallet = WORLD[self.WALLET](accounts)
        self.orders: dict[str, Row] = {}
        self.lines: list[Row] = []
        self.steps: list[Row] = []

    def order(self, order_id: str, who: str, lines: list[Row], account: str = "") -> None:
        row = {"order_id": order_id, "customer_id": who, "account_id": account or who, "status": "Order Created"}
        self.orders[order_id] = row | {"version": 1, "cancellation_requested": False}
        for position, line in enumerate(lines):
            own = {"order_id": order_id, "position": position, "quantity": 1, "item_id": None, "show_id": None}
            self.lines.append(own | {"hold_id": None, "price_minor": None, "currency": None} | line)

    def goods(self, order_id: str) -> list[Row]:
        own = [line for line in self.lines if line["order_id"] == order_id and line["item_id"]]
        return [{"item_id": line["item_id"], "quantity": line["quantity"]} for line in own]

    def seats(self, order_id: str) -> list[str]:
        return [line["hold_id"] for line in self.lines if line["order_id"] == order_id and line["hold_id"]]

    # what it asks, under which names

    def hold_id(self, order_id: str, attempt: int) -> str:
        del attempt
        return f"{order_id}:hold"

    def charge_key(self, order_id: str, attempt: int) -> str:
        del attempt
        return f"{order_id}:charge"

    def pins(self) -> bool:
        return True

    def run(self, order_id: str) -> Ask:
        """Check an order out, to its end."""
        order = self.orders[order_id]
        if order["cancellation_requested"]:
            self.end(order, "Order Cancelled")
            return
        self.tell(order, "begun", "created")
        if not (yield from self.held(order)):
            yield from self.give_back(order)
        elif order["cancellation_requested"]:
            self.tell(order, "cancel wished", "holding")
            yield from self.give_back(order)
        elif (yield from self.paid(order)):
            yield from self.sell(order)
        else:
            yield from self.give_back(order)

    def held(self, order: Row) -> Ask:
        """Hold every line, and fix its price; whether all are held."""
        order_id, who = order["order_id"], order["customer_id"]
        goods, prices = self.goods(order_id), []
        if goods:
            pinned = order_id if self.pins() else None
            reply = yield from self.ask(
                order, "holding", lambda n: self.inventory.hold(who, self.hold_id(order_id, n), pinned, goods)
            )
            if reply[0] == REFUSED:
                self.tell(order, "refused", "holding", reply[1])
                return False
            prices += reply[1]
        for seat in self.seats(order_id):
            reply = yield from self.ask(order, "holding", lambda _, s=seat: self.reservation.pin(who, s, order_id))
            if reply[0] == REFUSED:
                self.tell(order, "refused", "holding", reply[1])
                return False
            prices.append(reply[1])
        own = [line for line in self.lines if line["order_id"] == order_id]
        for line, price in zip(own, self.offered(prices), strict=True):
            line |= {"price_minor": price, "currency": "EUR"}
        self.tell(order, "held", "holding")
        return True

    def offered(self, prices: list[int]) -> list[int]:
        return prices

    def paid(self, order: Row) -> Ask:
        """Charge the total; whether it was captured. A wish, once a charge was sent, acts through its void alone."""
        order_id, who, account = order["order_id"], order["customer_id"], order["account_id"]
        total = sum(line["price_minor"] for line in self.lines if line["order_id"] == order_id)
        attempt = 0
        while True:
            key = self.charge_key(order_id, attempt)
            reply = yield lambda key=key: self.wallet.charge(key, who, account, total)
            attempt += 1
            if reply is None:
                self.tell(order, "no answer", "charging")
                reply = self.on_silence(order)
            if reply is None and order["cancellation_requested"]:
                self.tell(order, "cancel wished", "charging")
                return (yield from self.voided(order))
            if reply is not None and reply[0] == REJECTED:
                self.tell(order, "rejected", "charging")
                return (yield from self.voided(order))
            if reply is not None:
                kind = reply[0]
                self.tell(order, "charged" if kind == CAPTURED else kind, "charging")
                return kind == CAPTURED

    def on_silence(self, order: Row) -> Any:
        del order

    def voided(self, order: Row) -> Ask:
        """Find out which came first; whether it was the charge."""
        key = self.charge_key(order["order_id"], 0)
        reply = yield from self.ask(order, "voiding", lambda _: self.wallet.void(key))
        self.tell(order, "already charged" if reply[0] == CAPTURED else "voided", "voiding")
        return reply[0] == CAPTURED

    def sell(self, order: Row) -> Ask:
        """Confirm what is pinned: from here on only forward."""
        order_id, who = order["order_id"], order["customer_id"]
        if self.goods(order_id):
            hold = self.known(order_id)
            yield from self.ask(order, "confirming", lambda _: self.inventory.confirm(who, hold, order_id))
        for seat in self.seats(order_id):
            yield from self.ask(order, "confirming", lambda _, s=seat: self.reservation.confirm(who, s, order_id))
        self.tell(order, "sold", "confirming")
        self.end(order, "Order Confirmed")

    def give_back(self, order: Row) -> Ask:
        """Release everything, and end once each release was acknowledged."""
        order_id, who = order["order_id"], order["customer_id"]
        self.before_release(order)
        for seat in self.seats(order_id):
            yield from self.ask(order, "releasing", lambda _, s=seat: self.reservation.release(who, s, order_id))
        if self.goods(order_id):
            hold = self.known(order_id)
            yield from self.ask(order, "releasing", lambda _: self.inventory.release(who, hold, order_id))
        self.tell(order, "released", "releasing")
        self.end(order, "Order Cancelled")

    def before_release(self, order: Row) -> None:
        del order

    def known(self, order_id: str) -> str:
        """Return the hold that it believes to have."""
        return self.hold_id(order_id, 0)

    def ask(self, order: Row, state: str, do: Callable[[int], Any]) -> Ask:
        """Ask until there is an answer, for the same; who holds gives up as soon as the customer does."""
        attempt = 0
        while True:
            reply = yield lambda attempt=attempt: do(attempt)
            if reply is not None:
                return reply
            attempt += 1
            self.tell(order, "no answer", state)
            if state == "holding" and order["cancellation_requested"]:
                return REFUSED, "nobody wants it any more"

    def end(self, order: Row, status: str) -> None:
        order |= {"status": status, "version": order["version"] + 1}

    def tell(self, order: Row, event: str, state: str, detail: str | None = None) -> None:
        own = [step for step in self.steps if step["order_id"] == order["order_id"]]
        row = {"order_id": order["order_id"], "position": len(own) + 1, "ordinal": 0, "event": event, "state": state}
        self.steps.append(row | {"attempts": 0, "detail": detail, "at": "2026-11-26T12:00:00+00:00"})

    def ledgers(self) -> dict[str, list[Row]]:
        """Return all books, by the names that the lab has for them."""
        sagas = [
            {"order_id": name, "state": "confirmed", "version": 3, "attempts": 0, "reason": None, "parked": None}
            for name in self.orders
        ]
        taken = [row | {"pinned_at": "2026-11-26T12:00:00+00:00"} for row in self.reservation.taken]
        return {
            "order.orders": list(self.orders.values()),
            "order.order_lines": self.lines,
            "order.sagas": sagas,
            "order.saga_steps": self.steps,
            "inventory.items": list(self.inventory.items.values()),
            "inventory.purchases": [],
            "inventory.restocks": [],
            "inventory.stock_holds": list(self.inventory.holds.values()),
            "inventory.stock_hold_lines": self.inventory.lines,
            "inventory.stock_moves": self.inventory.moves,
            "reservation.shows": [{"show_id": "s", "currency": "EUR", "seats": len(SEATS)}],
            "reservation.taken": taken,
            "reservation.settlements": list(self.reservation.settled.values()),
            "wallet.accounts": list(self.wallet.accounts.values()),
            "wallet.transactions": self.wallet.transactions,
            "wallet.postings": self.wallet.postings,
            "wallet.operations": self.wallet.operations,
            "wallet.charges": [row | {"charge_id": key} for key, row in self.wallet.charges.items()],
        }


class SilenceIsNo(Checkout):
    """Takes a charge without an answer for a decline."""

    def on_silence(self, order: Row) -> Any:
        del order
        return DECLINED, None


class SilenceIsYes(Checkout):
    """Takes a charge without an answer for a capture."""

    def on_silence(self, order: Row) -> Any:
        del order
        return CAPTURED, None


class NewKeys(Checkout):
    """Charges under a new key with each attempt."""

    def charge_key(self, order_id: str, attempt: int) -> str:
        return f"{order_id}:charge:{attempt}"


class NewHolds(Checkout):
    """Holds under a new id with each attempt."""

    def hold_id(self, order_id: str, attempt: int) -> str:
        return f"{order_id}:hold:{attempt}"


class NoPins(Checkout):
    """Leaves goods held until they are sold, and they run out meanwhile; a sale of what is gone is no sale."""

    def pins(self) -> bool:
        return False


class ReleasesAnyway(Checkout):
    """Gives up what it holds as soon as the customer wishes so, whatever the wallet says."""

    def voided(self, order: Row) -> Ask:
        yield from super().voided(order)
        return False


class EndsEarly(Checkout):
    """Says that an order is cancelled before its releases are acknowledged, and asks nobody a second time."""

    def before_release(self, order: Row) -> None:
        self.end(order, "Order Cancelled")

    def ask(self, order: Row, state: str, do: Callable[[int], Any]) -> Ask:
        if state != "releasing":
            return (yield from super().ask(order, state, do))
        yield lambda: do(0)
        return WORLD["RELEASED"], None


class Stuck(Checkout):
    """Waits for ever for a wallet that rejected it."""

    def voided(self, order: Row) -> Ask:
        while order:
            yield lambda: None


class Repricing(Checkout):
    """Has prices of its own."""

    def offered(self, prices: list[int]) -> list[int]:
        return [price + 1 for price in prices]


class NoTombstones(Checkout):
    """Goes with an Inventory that forgets releases of what never came."""

    INVENTORY = "NoTombstone"


class ReturnsTwice(Checkout):
    """Goes with an Inventory that gives goods back twice."""

    INVENTORY = "ReturnsTwice"


class Unowned(Checkout):
    """Goes with a wallet that believes anybody."""

    WALLET = "BelievesAnybody"
