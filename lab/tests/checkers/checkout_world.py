"""Whoever takes part in a checkout, in memory and right: Inventory, Reservation and the wallet, with their books.

Subclasses break one thing each, where the method's name says it.
"""

import itertools
from typing import Any

Row = dict[str, Any]
Reply = tuple[str, Any]
HELD, REFUSED, SOLD, RELEASED = "held", "refused", "sold", "released"
CAPTURED, DECLINED, VOIDED, REJECTED = "captured", "declined", "voided", "rejected"
MERCHANT, EXTERNAL = "shop", "external-eur"
CHECKOUT = "order"
"""Whoever asks the wallet in a customer's stead; its charges are under this name."""


class Inventory:
    """Goods with holds under their callers' ids."""

    def __init__(self, goods: list[Row]) -> None:
        self.prices = {good["id"]: good["unit_price_minor"] for good in goods}
        self.items = {
            good["id"]: {"id": good["id"], "initial_stock": good["stock"], "stock": good["stock"], "item_version": 0}
            for good in goods
        }
        self.holds: dict[tuple[str, str], Row] = {}
        self.lines: list[Row] = []
        self.moves: list[Row] = []

    def hold(self, subject: str, hold_id: str, order_id: str | None, lines: list[Row]) -> Reply:
        """Hold and pin all of it or nothing; without an order it is held only, and runs out."""
        known = self.holds.get((subject, hold_id))
        if known is not None:
            if known["state"] == REFUSED:
                return REFUSED, "out-of-stock"
            return (REFUSED, "hold-released") if known["state"] in (RELEASED, "expired") else (HELD, self.priced(lines))
        hold = {"subject": subject, "hold_id": hold_id, "order_id": order_id, "total_minor": 0, "currency": "EUR"}
        self.holds[subject, hold_id] = hold
        for line in lines:
            unit = self.prices[line["item_id"]]
            self.lines.append({"subject": subject, "hold_id": hold_id, **line, "unit_price_minor": unit})
        prices = self.priced(lines)
        hold["total_minor"] = sum(prices)
        if any(self.items[line["item_id"]]["stock"] < line["quantity"] for line in lines):
            hold["state"] = REFUSED
            return REFUSED, "out-of-stock"
        for line in lines:
            self.move(hold, HELD, line["item_id"], line["quantity"])
        hold["state"] = "pinned" if order_id else HELD
        return HELD, prices

    def priced(self, lines: list[Row]) -> list[int]:
        return [self.prices[line["item_id"]] * line["quantity"] for line in lines]

    def confirm(self, subject: str, hold_id: str, order_id: str) -> Reply:
        hold = self.holds.get((subject, hold_id))
        if hold is None or hold["state"] not in ("pinned", HELD, SOLD):
            return REFUSED, "hold-expired"
        hold |= {"state": SOLD, "order_id": order_id}
        return SOLD, None

    def release(self, subject: str, hold_id: str, order_id: str) -> Reply:
        hold = self.holds.get((subject, hold_id))
        if hold is None:
            self.tombstone(subject, hold_id, order_id)
        elif hold["state"] in ("pinned", HELD):
            self.give_back(hold, RELEASED)
        elif hold["state"] == SOLD:
            return REFUSED, "too-late"
        hold = self.holds.get((subject, hold_id), {})
        hold["state"] = RELEASED  # one that was refused, or ran out, refuses whoever comes late from now on
        return RELEASED, None

    def tombstone(self, subject: str, hold_id: str, order_id: str) -> None:
        row = {"subject": subject, "hold_id": hold_id, "order_id": order_id, "state": RELEASED}
        self.holds[subject, hold_id] = row | {"total_minor": 0, "currency": None}

    def give_back(self, hold: Row, state: str) -> None:
        hold["state"] = state
        for line in self.lines:
            if (line["subject"], line["hold_id"]) == (hold["subject"], hold["hold_id"]):
                self.move(hold, "returned", line["item_id"], line["quantity"])

    def expire(self) -> None:
        """Let every hold run out that nobody pinned."""
        for hold in self.holds.values():
            if hold["state"] == HELD:
                self.give_back(hold, "expired")

    def move(self, hold: Row, kind: str, item_id: str, quantity: int) -> None:
        item = self.items[item_id]
        item["stock"] += quantity if kind == "returned" else -quantity
        item["item_version"] += 1
        name = {"subject": hold["subject"], "hold_id": hold["hold_id"], "item_id": item_id, "kind": kind}
        self.moves.append(
            name | {"quantity": quantity, "item_version": item["item_version"], "stock_after": item["stock"]}
        )


class Reservation:
    """Seats that customers hold, and orders pin while the hold lasts."""

    def __init__(self, seats: dict[str, int]) -> None:
        self.seats = seats
        self.held: dict[tuple[str, str], Row] = {}
        self.taken: list[Row] = []
        self.settled: dict[tuple[str, str, str], Row] = {}
        self.fences = itertools.count(1)

    def hold(self, subject: str, hold_id: str, seats: list[str], *, expired: bool = False) -> None:
        self.held[subject, hold_id] = {"seats": seats, "expired": expired}

    def pin(self, subject: str, hold_id: str, order_id: str) -> Reply:
        name = subject, hold_id, order_id
        if (known := self.settled.get(name)) is not None:
            return (HELD, known["total_minor"]) if known["state"] != RELEASED else (REFUSED, "hold-released")
        hold = self.held.get((subject, hold_id))
        if hold is None or hold["expired"]:
            return REFUSED, "hold-expired"
        if any(row["seat_id"] in hold["seats"] for row in self.taken):
            return REFUSED, "already-held"
        fence = next(self.fences)
        own = {"show_id": "s", "hold_id": hold_id, "subject": subject, "order_id": order_id, "state": "pinned"}
        for seat in hold["seats"]:
            self.taken.append(own | {"fence": fence, "seat_id": seat, "unit_price_minor": self.seats[seat]})
        total = sum(self.seats[seat] for seat in hold["seats"])
        self.settled[name] = own | {"fence": fence, "seats": list(hold["seats"]), "total_minor": total}
        return HELD, total

    def confirm(self, subject: str, hold_id: str, order_id: str) -> Reply:
        row = self.settled.get((subject, hold_id, order_id))
        if row is None or row["state"] == RELEASED:
            return REFUSED, "hold-expired"
        row["state"] = SOLD
        for seat in self.taken:
            if (seat["subject"], seat["hold_id"], seat["order_id"]) == (subject, hold_id, order_id):
                seat["state"] = SOLD
        return SOLD, None

    def release(self, subject: str, hold_id: str, order_id: str) -> Reply:
        name = subject, hold_id, order_id
        row = self.settled.get(name)
        if row is not None and row["state"] == SOLD:
            return REFUSED, "too-late"
        self.taken[:] = [seat for seat in self.taken if (seat["subject"], seat["hold_id"], seat["order_id"]) != name]
        own = {"show_id": "s", "hold_id": hold_id, "subject": subject, "order_id": order_id, "state": RELEASED}
        self.settled[name] = (row or own | {"fence": None, "seats": [], "total_minor": None}) | {"state": RELEASED}
        return RELEASED, None


class Wallet:
    """Accounts, and charges under their callers' keys."""

    def __init__(self, accounts: list[Row]) -> None:
        self.accounts: dict[str, Row] = {}
        self.transactions: list[Row] = []
        self.postings: list[Row] = []
        self.operations: list[Row] = []
        self.charges: dict[str, Row] = {}
        self.add(EXTERNAL, "lab", "external")
        for account in accounts:
            self.add(account["id"], account["owner"], account["kind"])
            if account["opening_minor"]:
                self.movement("deposit", EXTERNAL, account["id"], account["opening_minor"], f"open-{account['id']}")

    def add(self, name: str, owner: str, kind: str) -> None:
        row = {"account_id": name, "owner": owner, "kind": kind, "currency": "EUR"}
        self.accounts[name] = row | {"balance_minor": 0, "held_minor": 0}

    def movement(self, kind: str, payer: str, payee: str, amount: int, key: str) -> None:
        number = len(self.transactions)
        self.operations.append(
            {"operation_id": f"o-{number}", "kind": kind, "key": key, "status": 201, "transaction_id": f"t-{number}"}
        )
        self.transactions.append({"transaction_id": f"t-{number}", "kind": kind, "operation_id": f"o-{number}"})
        for name, minor in ((payer, -amount), (payee, amount)):
            self.accounts[name]["balance_minor"] += minor
            row = {"posting_id": f"p-{len(self.postings)}", "transaction_id": f"t-{number}", "account_id": name}
            self.postings.append(row | {"amount_minor": minor, "currency": "EUR", "account_version": None})

    def may(self, subject: str, account: str) -> bool:
        return bool(self.accounts[account]["owner"] == subject)

    def charge(self, key: str, subject: str, account: str, amount: int) -> Reply:
        known = self.charges.get(key)
        if known is not None:
            return known["state"], known["captured_minor"]
        if not self.may(subject, account):
            return REJECTED, "forbidden"
        covered = self.accounts[account]["balance_minor"] >= amount
        row = {"key": key, "customer_account_id": account, "merchant_account_id": MERCHANT, "amount_minor": amount}
        row |= {"currency": "EUR", "state": CAPTURED if covered else DECLINED, "refunded_minor": 0, "subject": CHECKOUT}
        self.charges[key] = row | {"captured_minor": amount if covered else 0}
        if covered:
            self.movement("capture", account, MERCHANT, amount, key)
        return self.charges[key]["state"], amount

    def void(self, key: str) -> Reply:
        known = self.charges.get(key)
        if known is not None and known["state"] == CAPTURED:
            return CAPTURED, known["captured_minor"]
        if known is None:
            tombstone = {"key": key, "state": VOIDED, "captured_minor": 0, "refunded_minor": 0, "subject": CHECKOUT}
            self.charges[key] = tombstone
        return VOIDED, None


class NoTombstone(Inventory):
    """Forgets a release of what never came."""

    def tombstone(self, subject: str, hold_id: str, order_id: str) -> None:
        del subject, hold_id, order_id


class ReturnsTwice(Inventory):
    """Gives goods back as often as it is asked to."""

    def release(self, subject: str, hold_id: str, order_id: str) -> Reply:
        hold = self.holds.get((subject, hold_id))
        if hold is not None and hold["state"] == RELEASED:
            self.give_back(hold, RELEASED)
        return super().release(subject, hold_id, order_id)


class BelievesAnybody(Wallet):
    """Charges whichever account its caller names."""

    def may(self, subject: str, account: str) -> bool:
        del subject, account
        return True
