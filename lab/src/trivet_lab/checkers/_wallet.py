"""The wallet's books: accounts, charges, every operation that was decided, and the postings of what it moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError, Pointer
from trivet_lab.checkers._row import Row
from trivet_lab.evidence import STORED, Attempt, Operation

DEPOSIT, TRANSFER, CHARGE, CAPTURE, REFUND, VOID = "deposit", "transfer", "charge", "capture", "refund", "void"
KINDS = frozenset({DEPOSIT, TRANSFER, CHARGE, CAPTURE, REFUND, VOID})
ANOTHER = "another"
"""An operation that sends another payload under a used key; its ``args`` name the ``operation`` whose key it is."""
AUDIT = "audit"
ATTACK = "attack"
"""What an impostor sends, as the crowd's plan names it."""
CUSTOMER, EXTERNAL = "customer", "external"
AUTHORISED = "authorised"
INSUFFICIENT_FUNDS = "insufficient-funds"

Id = str | int
Payload = dict[str, Any]


class Account(msgspec.Struct, gc=False, frozen=True):
    """One row of ``wallet.accounts``, as it was after the run."""

    account_id: str
    kind: str
    currency: str
    balance_minor: int
    held_minor: int


class Posting(Row, gc=False):
    """One row of ``wallet.postings``: ``amount_minor`` above 0 is a credit to the account.

    ``account_version`` is None where credits are not in one order.
    """

    LEDGER: ClassVar[str] = "wallet.postings"

    posting_id: Id
    transaction_id: Id
    account_id: str
    amount_minor: int
    currency: str
    account_version: int | None = None


class Transaction(Row, gc=False):
    """One row of ``wallet.transactions``: something that moved money, for one operation; None if none names it."""

    LEDGER: ClassVar[str] = "wallet.transactions"

    transaction_id: Id
    kind: str
    operation_id: Id | None = None


class Decision(Row, gc=False):
    """One row of ``wallet.operations``: what was decided under a key, a refusal too.

    ``number`` is its place in ``Wallet.decisions``.
    """

    LEDGER: ClassVar[str] = "wallet.operations"

    operation_id: Id
    kind: str
    status: int
    key: str | None = None
    code: str | None = None
    account_id: str | None = None
    counter_account_id: str | None = None
    amount_minor: int | None = None
    charge_key: str | None = None
    transaction_id: Id | None = None
    body: str | None = None
    subject: str = ""
    number: int = 0

    @property
    def is_done(self) -> bool:
        """Whether it was decided that it happened."""
        return 200 <= self.status < 300

    @property
    def charge(self) -> str | None:
        """The key of the charge that it is about: its own if it is one."""
        return self.key if self.kind == CHARGE else self.charge_key


class Charge(Row, gc=False):
    """One row of ``wallet.charges``: ``subject`` asked for it. A tombstone has neither accounts nor an amount."""

    LEDGER: ClassVar[str] = "wallet.charges"

    charge_id: Id
    key: str
    state: str
    captured_minor: int
    refunded_minor: int
    customer_account_id: str | None = None
    merchant_account_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    subject: str = ""

    @property
    def net_minor(self) -> int:
        """What it took and did not give back."""
        return self.captured_minor - self.refunded_minor

    @property
    def takes(self) -> bool:
        """Whether it took money, or still may."""
        return self.net_minor != 0 or self.state == AUTHORISED

    def __str__(self) -> str:
        """Say which charge, for people."""
        return f"charge {self.key}"


def read_charges(evidence: Evidence) -> list[Charge]:
    """Return every charge: a book.

    Raises:
        EvidenceError: the ledger is missing or damaged.
    """
    return list(evidence.rows(Charge))


class Wallet:
    """All ledgers of the wallet, read once.

    ``by_key`` has the first decision of each (kind, key) and ``again`` those whose key already had one.
    ``postings_of`` has the postings of each transaction, ``charges`` each charge by its key.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Read the ledgers.

        Raises:
            EvidenceError: one is missing or damaged, or there is no account or no posting: money that nobody had
                shows nothing.
        """
        self.accounts = {row.account_id: row for _, row in evidence.ledger("wallet.accounts", Account)}
        if not self.accounts:
            raise EvidenceError("ledger wallet.accounts is empty")
        names = {name: name for name in self.accounts}
        self.postings: list[Posting] = []
        self.postings_of: defaultdict[Id, list[Posting]] = defaultdict(list)
        for posting in evidence.rows(Posting):
            posting.account_id = names.get(posting.account_id, posting.account_id)  # one string for all of an account
            self.postings.append(posting)
            self.postings_of[posting.transaction_id].append(posting)
        if not self.postings:
            raise EvidenceError("ledger wallet.postings is empty: no money was ever moved")
        self.transactions: dict[Id, Transaction] = {}
        for transaction in evidence.rows(Transaction):
            self.transactions[transaction.transaction_id] = transaction
        self.charges = {charge.key: charge for charge in evidence.book(read_charges)}
        self._read_decisions(evidence)

    def _read_decisions(self, evidence: Evidence) -> None:
        self.decisions: list[Decision] = []
        self.by_key: defaultdict[str, dict[str, Decision]] = defaultdict(dict)
        self.by_id: dict[Id, Decision] = {}
        self.again: list[Decision] = []
        for decision in evidence.rows(Decision):
            decision.number = len(self.decisions)
            self.decisions.append(decision)
            self.by_id[decision.operation_id] = decision
            known = decision if decision.key is None else self.by_key[decision.kind].setdefault(decision.key, decision)
            if known is not decision:
                self.again.append(decision)

    def owner(self, transaction: Transaction | None) -> Decision | None:
        """Return the decision that a transaction was for."""
        if transaction is None or transaction.operation_id is None:
            return None
        return self.by_id.get(transaction.operation_id)

    def moved(self, decision: Decision) -> int:
        """Return how much money a decision moved from one account to another."""
        postings = self.postings_of.get(decision.transaction_id, []) if decision.transaction_id is not None else []
        return sum(posting.amount_minor for posting in postings if posting.amount_minor > 0)

    def payload_fits(self, decision: Decision, payload: Payload) -> bool:
        """Whether a decision is about just what this payload asks for."""
        amount = payload.get("amount_minor")
        if decision.kind == CAPTURE and (amount is None or decision.amount_minor is None):
            return decision.charge_key == payload.get("charge_key")  # whole: the amount is the charge's
        if decision.kind in (CAPTURE, REFUND):
            return (decision.charge_key, decision.amount_minor) == (payload.get("charge_key"), amount)
        if decision.kind == VOID:
            return decision.charge_key == payload.get("charge_key")
        fields = _ACCOUNTS.get(decision.kind, ())
        accounts = (decision.account_id, decision.counter_account_id)[: len(fields)]
        return accounts == tuple(payload.get(name) for name in fields) and decision.amount_minor == amount


_ACCOUNTS = {
    DEPOSIT: ("account_id",),
    TRANSFER: ("from_account_id", "to_account_id"),
    CHARGE: ("customer_account_id", "merchant_account_id"),
}
"""The fields of a request that name its accounts: whose money it is, and the other side."""


def asked(operation: Operation) -> tuple[str, Payload]:
    """Return which kind of decision an operation asks for, and the payload that it sent."""
    if operation.f != ANOTHER:
        return operation.f, operation.args
    payload = dict(operation.args)
    return payload.pop("operation", ""), payload


def payer(kind: str, payload: Payload) -> str | None:
    """Return the account whose money a transfer or a charge asks for."""
    return payload.get(_ACCOUNTS[kind][0]) if kind in (TRANSFER, CHARGE) else None


def accounts_in(kind: str, payload: Payload) -> Iterator[str]:
    """Yield the accounts that a payload names."""
    for field in _ACCOUNTS.get(kind, ()):
        if isinstance(name := payload.get(field), str):
            yield name


def is_done(attempt: Attempt) -> bool:
    """Whether an attempt brought a success whose body could be read."""
    return 200 <= attempt.status < 300 and attempt.code is None


def done_ns(operation: Operation) -> int:
    """Return when the answer first came; the last return if no attempt shows it."""
    return next((attempt.return_ns for attempt in operation.attempts if is_done(attempt)), operation.return_ns)


def decline(operation: Operation) -> Attempt | None:
    """Return the first attempt that was refused for good: later ones only repeat the stored answer."""
    return next((attempt for attempt in operation.attempts if attempt.code in STORED), None)


def trail(evidence: Evidence, decision: Decision) -> tuple[Pointer | None, Pointer | None, Pointer]:
    """Return the operation that asked for a decision, one that asked otherwise under its key, and the row."""
    history = evidence.history
    return history.pointer(decision.kind, decision.key), history.pointer(ANOTHER, decision.key), decision.pointer


def trail_of(evidence: Evidence, book: Wallet, posting: Posting) -> tuple[Pointer | None, Pointer]:
    """Return the operation that moved this money, if the history has it, and the posting."""
    owner = book.owner(book.transactions.get(posting.transaction_id))
    return evidence.history.pointer(owner.kind, owner.key) if owner else None, posting.pointer


def by_version(postings: list[Posting]) -> list[Posting]:
    """Return a customer's postings in commit order.

    Raises:
        EvidenceError: one has no version, so that nobody can say when it was.
    """
    if any(posting.account_version is None for posting in postings):
        raise EvidenceError(f"a posting of {postings[0].account_id} has no version")
    return sorted(postings, key=lambda posting: posting.account_version or 0)
