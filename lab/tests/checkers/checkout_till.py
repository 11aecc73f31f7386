"""What a crowd that checks out leaves, before it is written: a test breaks what it wants, and asks what is found."""

import json
import runpy
from pathlib import Path
from typing import Any

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import Finding, VariantDirectory

Line = dict[str, Any]
MODEL = runpy.run_path(str(Path(__file__).with_name("checkout_model.py")))
CHECKOUT_LAWS = frozenset(
    {
        "accounts_pay_orders",
        "cancelled_keeps_nothing",
        "checkout_raced",
        "confirmed_sold_and_paid",
        "no_orphans",
        "no_release_after_capture",
        "orders_ended",
        "own_accounts_charged",
        "prices_as_offered",
    }
)
"""The rules of a checkout, which the lab judges from all books at once."""
CHECKOUT_RULES = CHECKOUT_LAWS | {"no_oversell", "stock_conserved", "stock_holds_consistent", "stock_never_negative"}
"""And those of the goods, which have bad histories of their own."""
CUSTOMERS = {"ann": 100_000, "bob": 100_000, "cyd": 500}


class Till:
    """A right checkout in memory with its customers, and its books as they are written."""

    def __init__(self, directory: VariantDirectory, kind: Any = None) -> None:
        self.directory = directory
        self.service = (kind or MODEL["Checkout"])(CUSTOMERS)
        self.ledgers: dict[str, list[Line]] | None = None
        self.faults: list[Line] = []
        self.lease_ms = 2_100

    def order(self, order_id: str, who: str, *lines: Line, account: str = "") -> None:
        self.service.order(order_id, who, list(lines), account)

    def check_out(self, order_id: str, *lost: int, wish: int | None = None, dead: bool = False) -> None:
        """Take an order to its end: what is asked ``lost``-th has its effect and no answer, ``wish`` is when one comes.

        With ``dead`` what is lost never has its effect.
        """
        running = self.service.run(order_id)
        answer: Any = None
        number = 0
        try:
            while True:
                do = running.send(answer)
                if number == wish:
                    self.service.orders[order_id]["cancellation_requested"] = True
                effect = None if dead and number in lost else do()
                answer = None if number in lost else effect
                number += 1
        except StopIteration:
            return

    def rows(self, name: str) -> list[Line]:
        """Return a ledger, from now on as the test leaves it."""
        if self.ledgers is None:
            self.ledgers = json.loads(json.dumps(self.service.ledgers()))
        return self.ledgers[name]

    def row(self, name: str, **wanted: Any) -> Line:
        return next(row for row in self.rows(name) if wanted.items() <= row.items())

    def write(self) -> None:
        self.directory.create()
        self.directory.faults.unlink(missing_ok=True)
        if self.faults:
            self.directory.faults.write_text("".join(json.dumps(line) + "\n" for line in self.faults))
        attempt = {"call_ns": 0, "return_ns": 1, "status": 202, "code": None, "node": "a:1"}
        told = {"op": 0, "client": 0, "f": "order", "args": {}, "key": "k", "outcome": "ok", "value": {}}
        self.directory.history.write_text(json.dumps(told | {"attempts": [attempt]}) + "\n")
        self.rows("order.orders")
        for name, rows in (self.ledgers or {}).items():
            self.directory.ledger(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        errand = {
            "kind": "checking-out", "goods": MODEL["GOODS"], "seat_prices_minor": MODEL["SEAT_PRICES"],
            "currency": "EUR", "lease_ms": self.lease_ms,
        }  # fmt: skip
        self.directory.plan.write_text(json.dumps({"errand": errand}))

    def findings(self, rules: Any = CHECKOUT_LAWS) -> dict[str, Finding]:
        return {finding.name: finding for finding in check_variant(self.directory, sorted(rules))}

    def judge(self, rules: Any = CHECKOUT_LAWS) -> dict[str, Finding]:
        self.write()
        return self.findings(rules)

    def invalid(self, rules: Any = CHECKOUT_LAWS) -> set[str]:
        return {name for name, finding in self.judge(rules).items() if finding.verdict == "invalid"}


def goods(item_id: str, quantity: int = 1) -> Line:
    return {"item_id": item_id, "quantity": quantity}


def seat(hold_id: str) -> Line:
    return {"show_id": "s", "hold_id": hold_id}


def right_till(directory: VariantDirectory) -> Till:
    """Return a right history in which every rule has something to look at."""
    till = Till(directory)
    hold = till.service.reservation.hold
    hold("ann", "h-1", ["front-1-1", "front-1-2"])
    hold("bob", "h-2", ["back-1-1"])
    hold("bob", "h-3", ["back-1-2"], expired=True)
    hold("cyd", "h-4", ["front-1-3"])
    till.order("o-both", "ann", goods("i-0", 2), seat("h-1"))
    till.check_out("o-both", 2)  # the answer to the charge is lost
    till.order("o-goods", "bob", goods("i-1"), goods("i-2", 3))
    till.check_out("o-goods")
    till.order("o-sold-out", "ann", goods("i-0", 2))
    till.check_out("o-sold-out")
    till.order("o-late", "bob", goods("i-2"), seat("h-3"))
    till.check_out("o-late")
    till.order("o-poor", "cyd", seat("h-4"))
    till.check_out("o-poor")
    till.order("o-wish", "bob", goods("i-2"), seat("h-2"))
    till.check_out("o-wish", wish=1)
    till.order("o-second", "bob", goods("i-2"), seat("h-2"))
    till.check_out("o-second")  # the first gave it back
    till.order("o-borrowed", "cyd", goods("i-2"), account="ann")
    till.check_out("o-borrowed")
    till.order("o-race", "ann", goods("i-2"))
    till.check_out("o-race", 1, wish=1, dead=True)  # the charge never arrives, and the void comes first
    till.order("o-beaten", "ann", goods("i-2"))
    till.check_out("o-beaten", 1, wish=1)  # the charge came first
    return till
