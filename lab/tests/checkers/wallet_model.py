"""A right wallet in memory: requests one at a time, each under its key, and the ledgers that it leaves.

Subclasses break one thing each. Rows that never change are handed to ``write``, which keeps them; one that has
millions of them writes them to a file.
"""

import itertools
import json
from typing import Any

Row = dict[str, Any]
Answer = tuple[int, Row]
EXTERNAL = "external-eur"
STORED = {402, 409}


def problem(status: int, code: str) -> Answer:
    return status, {"type": f"urn:trivet:problem:{code}", "code": code, "status": status}


class Wallet:
    """Executes requests; ``accounts`` and ``charges`` are as they stand, ``rows`` what was written."""

    def __init__(self, openings: list[Row]) -> None:
        self.rows: dict[str, list[Row]] = {"operations": [], "transactions": [], "postings": []}
        self.accounts: dict[str, Row] = {}
        self.charges: dict[str, Row] = {}
        self.answers: dict[tuple[str, str], tuple[Row, Answer]] = {}
        self.numbers = itertools.count(1)
        self._open(EXTERNAL, "external")
        for opening in openings:
            self._open(opening["id"], opening["kind"])
            body = {"id": opening["id"], "kind": opening["kind"]}
            self._decide("open", opening["key"], (201, body), account_id=opening["id"])
            if opening["opening_minor"]:
                payload = {"account_id": opening["id"], "amount_minor": opening["opening_minor"]}
                self.execute("deposit", opening["key"], payload)

    def write(self, name: str, row: Row) -> None:
        self.rows[name].append(row)

    def execute(self, f: str, key: str, payload: Row) -> Answer:
        known = self.answers.get((f, key))
        if known is not None:
            return known[1] if known[0] == payload else problem(422, "idempotency-key-reuse")
        answer = getattr(self, f)(key, payload)
        if answer[0] < 300 or answer[0] in STORED:
            self.answers[f, key] = payload, answer
        return answer

    def audit(self) -> Row:
        """Return the body of GET /accounts."""
        names = ("owner", "kind", "currency", "balance_minor", "held_minor")
        return {
            "accounts": [
                {"id": row["account_id"], **{name: row[name] for name in names}, "available_minor": self.free(row)}
                for row in self.accounts.values()
            ],
            "next": None,
        }

    def free(self, account: Row) -> int:
        return account["balance_minor"] - account["held_minor"]

    def has(self, account_id: str, amount: int) -> bool:
        """Whether an account can pay this much."""
        return self.free(self.accounts[account_id]) >= amount

    def deposit(self, key: str, payload: Row) -> Answer:
        account_id, amount = payload["account_id"], payload["amount_minor"]
        if account_id not in self.accounts:
            return problem(404, "not-found")
        columns = {"account_id": account_id, "amount_minor": amount}
        return self._moving("deposit", key, EXTERNAL, account_id, amount, columns)

    def transfer(self, key: str, payload: Row) -> Answer:
        source, target, amount = payload["from_account_id"], payload["to_account_id"], payload["amount_minor"]
        columns = {"account_id": source, "counter_account_id": target, "amount_minor": amount}
        if not self.has(source, amount):
            return self._decide("transfer", key, problem(402, "insufficient-funds"), **columns)
        return self._moving("transfer", key, source, target, amount, columns)

    def charge(self, key: str, payload: Row) -> Answer:
        customer, merchant = payload["customer_account_id"], payload["merchant_account_id"]
        amount = payload["amount_minor"]
        columns = {"account_id": customer, "counter_account_id": merchant, "amount_minor": amount, "charge_key": key}
        if key in self.charges:
            return self._decide("charge", key, problem(409, "charge-voided"), **columns)
        charge = self._charge(key, customer, merchant, amount)
        if not self.has(customer, amount):
            charge["state"] = "declined"
            return self._decide("charge", key, problem(402, "insufficient-funds"), **columns)
        if payload.get("capture", True):
            charge.update(state="captured", captured_minor=amount)
            return self._moving("charge", key, customer, merchant, amount, columns, charge)
        charge["state"] = "authorised"
        self._change(customer, held=amount)
        return self._decide("charge", key, (201, self.tell(charge)), **columns)

    def capture(self, key: str, payload: Row) -> Answer:
        charge = self.charges.get(payload["charge_key"])
        if charge is None:
            return problem(404, "not-found")
        amount = payload.get("amount_minor", charge["amount_minor"])
        columns = {"charge_key": charge["key"], "amount_minor": amount}
        if charge["state"] in ("voided", "declined"):
            return self._decide("capture", key, problem(409, "charge-voided"), **columns)
        if charge["state"] == "captured":
            return self._decide("capture", key, problem(409, "already-captured"), **columns)
        if amount > charge["amount_minor"]:
            return problem(400, "invalid-request")
        charge.update(state="captured", captured_minor=amount)
        self.accounts[charge["customer_account_id"]]["held_minor"] -= charge["amount_minor"]
        parties = charge["customer_account_id"], charge["merchant_account_id"]
        return self._moving("capture", key, *parties, amount, columns, charge)

    def refund(self, key: str, payload: Row) -> Answer:
        charge, amount = self.charges.get(payload["charge_key"]), payload["amount_minor"]
        if charge is None:
            return problem(404, "not-found")
        columns = {"charge_key": charge["key"], "amount_minor": amount}
        if not self.may_refund(charge, amount):
            return self._decide("refund", key, problem(409, "refund-exceeds-capture"), **columns)
        charge["refunded_minor"] += amount
        parties = charge["merchant_account_id"], charge["customer_account_id"]
        return self._moving("refund", key, *parties, amount, columns, charge)

    def may_refund(self, charge: Row, amount: int) -> bool:
        return charge["refunded_minor"] + amount <= charge["captured_minor"]

    def void(self, key: str, payload: Row) -> Answer:
        charge = self.charges.get(payload["charge_key"]) or self._charge(payload["charge_key"], None, None, None)
        columns = {"charge_key": charge["key"]}
        if charge["state"] == "captured":
            return self._decide("void", key, problem(409, "already-captured"), **columns)
        released = charge["amount_minor"] if charge["state"] == "authorised" else 0
        if released:
            self._change(charge["customer_account_id"], held=-released)
        if charge["state"] != "declined":
            charge["state"] = "voided"
        body = {"charge_key": charge["key"], "state": charge["state"], "released_minor": released}
        return self._decide("void", key, (200, body), **columns)

    def tell(self, charge: Row) -> Row:
        return {("charge_key" if name == "key" else name): value for name, value in charge.items()}

    def _open(self, account_id: str, kind: str) -> None:
        row = {"account_id": account_id, "owner": account_id, "kind": kind, "currency": "EUR"}
        self.accounts[account_id] = row | {"balance_minor": 0, "held_minor": 0, "version": 0}

    def _charge(self, key: str, customer: str | None, merchant: str | None, amount: int | None) -> Row:
        charge = {"charge_id": f"charge-{next(self.numbers)}", "key": key, "customer_account_id": customer}
        charge |= {"merchant_account_id": merchant, "amount_minor": amount, "currency": "EUR", "state": "new"}
        self.charges[key] = charge | {"captured_minor": 0, "refunded_minor": 0}
        return self.charges[key]

    def _change(self, account_id: str, balance: int = 0, held: int = 0) -> int | None:
        """Change an account's row and return its version; a hot one has none."""
        account = self.accounts[account_id]
        account["balance_minor"] += balance
        account["held_minor"] += held
        if account["kind"] != "customer":
            return None
        account["version"] += 1
        return int(account["version"])

    def _moving(
        self, kind: str, key: str, payer: str, payee: str, amount: int, columns: Row, charge: Row | None = None
    ) -> Answer:
        """Move the money, and decide that it was."""
        number = next(self.numbers)
        operation_id, transaction_id = f"operation-{number}", f"transaction-{number}"
        sort = "capture" if kind == "charge" else kind
        self.write(
            "transactions", {"transaction_id": transaction_id, "kind": sort, "operation_id": operation_id, "at": "now"}
        )
        for account_id, change in ((payer, -amount), (payee, amount)):
            posting = {"posting_id": next(self.numbers), "transaction_id": transaction_id, "account_id": account_id}
            version = self._change(account_id, balance=change)
            self.write("postings", posting | {"amount_minor": change, "currency": "EUR", "account_version": version})
        body: Row
        if kind in ("charge", "capture"):
            body = self.tell(charge or {})
        else:
            ids = {f"{kind}_id": operation_id, "transaction_id": transaction_id}
            body = ids | {"amount_minor": amount, "currency": "EUR"}
            body |= {"charge_key": charge["key"], "refunded_minor": charge["refunded_minor"]} if charge else {}
        status = 200 if kind == "capture" else 201
        columns = columns | {"operation_id": operation_id, "transaction_id": transaction_id}
        return self._decide(kind, key, (status, body), **columns)

    def _decide(self, kind: str, key: str, answer: Answer, **columns: Any) -> Answer:
        status, body = answer
        row = {"operation_id": f"operation-{next(self.numbers)}", "kind": kind, "key": key, "status": status}
        row |= {"code": body.get("code"), "account_id": None, "counter_account_id": None, "amount_minor": None}
        row |= {"charge_key": None, "transaction_id": None, "body": json.dumps(body)}
        self.write("operations", row | columns)
        return answer
