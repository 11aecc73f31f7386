"""What somebody was told is in the books, exactly as it was told, and the money moved."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError, Pointer
from trivet_lab.checkers._supply import openings
from trivet_lab.checkers._wallet import (
    CAPTURE,
    CHARGE,
    DEPOSIT,
    EXTERNAL,
    KINDS,
    REFUND,
    TRANSFER,
    VOID,
    Decision,
    Payload,
    Wallet,
    asked,
)
from trivet_lab.checkers._witness import Violations

_OWN_ID = {DEPOSIT: "deposit_id", TRANSFER: "transfer_id", REFUND: "refund_id"}
_CAPTURED = "captured"


class NoLostPayment(Checker):
    """Looks every acknowledged operation up by its key, and follows the money from one account to the other.

    The stored answer, where it is still kept, has to be the one that was given. What the scenario itself deposited
    before the crowd came was acknowledged too.
    """

    NAME: ClassVar[str] = "no_lost_payment"
    RULE: ClassVar[str] = (
        "Every acknowledged operation has its row with what was asked and answered, and the money that it says it "
        "moved went from just that account to just the other."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books and the plan."""
        self._evidence = evidence
        self._book = evidence.book(Wallet)
        self._openings = openings(evidence)
        self._external = {row.currency: row.account_id for row in self._book.accounts.values() if row.kind == EXTERNAL}
        self._found = Violations()
        self._acknowledged = 0

    def read(self, batch: Batch) -> None:
        """Look up the acknowledged ones."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.outcome != "ok" or operation.key is None:
                continue
            kind, payload = asked(operation)
            if kind not in KINDS:
                continue
            self._acknowledged += 1
            row = self._book.by_key[kind].get(operation.key)
            name = f"operation {operation.op}, a {kind} with key {operation.key},"
            if row is None:
                self._found.add(f"{name} has no row", (HISTORY, offset))
            elif operation.value is not None:  # without, the history is damaged, which is another rule's to say
                wrong = self._difference(row, payload, operation.value)
                if wrong:
                    self._found.add(f"{name} {wrong}", (HISTORY, offset), row.pointer, *self._money(row))

    def finish(self) -> Ruling:
        """Rule over all that were acknowledged, the scenario's own deposits among them."""
        if not self._acknowledged:
            raise EvidenceError("nothing was acknowledged, so nothing could be lost")
        for key, opening in self._openings.items():
            if not opening.opening_minor:
                continue
            deposit = self._book.by_key[DEPOSIT].get(key)
            payload = {"account_id": opening.id, "amount_minor": opening.opening_minor}
            if deposit is None or not deposit.is_done or not self._book.payload_fits(deposit, payload):
                shown = [deposit.pointer] if deposit else []
                self._found.add(f"{opening.id} was to begin with {opening.opening_minor:,}, and did not", *shown)
        return self._found.ruling(self._evidence, f"{self._acknowledged:,} acknowledged, each has row and money")

    def _difference(self, row: Decision, payload: Payload, answer: dict[str, Any]) -> str:
        """Return what of a row is not as it was asked or answered; nothing if all is."""
        if not row.is_done:
            return f"was done, but its row says {row.status} {row.code}"
        if not self._book.payload_fits(row, payload):
            return "has a row that is about something else"
        if wrong := self._unlike_answer(row, answer):
            return wrong
        return self._unlike_money(row, answer)

    def _unlike_answer(self, row: Decision, answer: dict[str, Any]) -> str:
        if row.body is not None:
            try:
                stored = msgspec.json.decode(row.body)
            except msgspec.DecodeError:
                return "has a stored answer that cannot be read"
            if stored != answer:
                return "was told something else than what is stored"
        told = answer.get("charge_key", row.charge)
        if told != row.charge:
            return f"was told of charge {told}, and its row is about {row.charge}"
        if row.kind in _OWN_ID and answer.get("transaction_id") != row.transaction_id:
            return f"was told of transaction {answer.get('transaction_id')}, and its row names {row.transaction_id}"
        charge = self._book.charges.get(row.charge or "") if row.kind in (CHARGE, CAPTURE, REFUND) else None
        if row.kind in (CHARGE, CAPTURE) and (charge is None or charge.charge_id != answer.get("charge_id")):
            return f"was told of charge {answer.get('charge_id')}, which there is not"
        return ""

    def _unlike_money(self, row: Decision, answer: dict[str, Any]) -> str:
        """Return in which way the postings are not the movement that was acknowledged."""
        moves = row.kind in (DEPOSIT, TRANSFER, REFUND) or answer.get("state") == _CAPTURED
        if not moves or row.kind == VOID:
            return "" if row.transaction_id is None else f"moved money in transaction {row.transaction_id}"
        amount = answer.get("captured_minor") if row.kind in (CHARGE, CAPTURE) else answer.get("amount_minor")
        payer, payee = self._parties(row)
        postings = self._book.postings_of.get(row.transaction_id, []) if row.transaction_id is not None else []
        moved = sorted((posting.amount_minor, posting.account_id) for posting in postings)
        if not isinstance(amount, int) or moved != [(-amount, payer), (amount, payee)]:
            seen = ", ".join(f"{change:+,} {account}" for change, account in moved) or "nothing"
            return f"moved {amount} from {payer} to {payee}, but its postings are {seen}"
        return ""

    def _parties(self, row: Decision) -> tuple[str | None, str | None]:
        if row.kind == DEPOSIT:
            account = self._book.accounts.get(row.account_id or "")
            return self._external.get(account.currency) if account else None, row.account_id
        if row.kind in (TRANSFER, CHARGE):
            return row.account_id, row.counter_account_id
        charge = self._book.charges.get(row.charge_key or "")
        if charge is None:
            return None, None
        parties = charge.customer_account_id, charge.merchant_account_id
        return parties if row.kind == CAPTURE else (parties[1], parties[0])

    def _money(self, row: Decision) -> list[Pointer]:
        postings = self._book.postings_of.get(row.transaction_id, []) if row.transaction_id is not None else []
        return [posting.pointer for posting in postings]
