"""What a crowd that spends wants: money of few accounts, moved at once by many, and every way to move it twice."""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec

from trivet_lab.load.arrivals import arrivals
from trivet_lab.load.attendance import Attendance, is_share
from trivet_lab.load.draft import Draft, Request, new_key, picker, repeated, source
from trivet_lab.load.sale import zipf_weights

ACCOUNTS_MAX = 499  # with one external account they fit on the one page of an audit
AMOUNT_MAX_MINOR = 1_000_000_000_000
ANOTHER = "another"
"""The operation that sends another payload under a used key; its ``operation`` says whose key it is."""
TILL = "till"
TILL_SCOPES = "accounts.any accounts.open accounts.read charges.read charges.settle charges.write deposits.write"
_ACCOUNT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_HOT = 0.8  # exponent of Zipf's law among customers: the first few are in most transfers
_CYCLE = 3
_MS = 1_000_000


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody with money: it begins with ``opening_minor``, deposited before the crowd comes.

    ``key`` is the idempotency key of its opening and of that deposit. The crowd does not look at it; those who read a
    plan tell by it what was there before.
    """

    id: str
    kind: Literal["customer", "merchant"]
    opening_minor: int
    key: str


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often each outing is made, relative to the others.

    A ``cycle`` is as many transfers as it has customers, all at once; a ``charge`` and a ``hold`` may bring refunds,
    captures and voids along.
    """

    cycle: float = 4
    charge: float = 4
    hold: float = 2
    deposit: float = 1
    audit: float = 1


class Spending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="spending"):
    """Everybody spends what a few accounts have, more than once if they are let.

    Attributes:
        accounts: customers and merchants.
        amount_max_minor: of one movement; amounts are even between 1 and this. Near what an account begins with,
            balances run dry.
        weights: how often each outing is made.
        refunded: share of captured charges that somebody wants money back of.
        raced: share of charges that are voided at about the instant at which they are made or captured.
        reused: share of movements whose key is sent again with another payload.
    """

    MAIN: ClassVar[tuple[str, ...]] = ("transfer", "charge", "capture", "refund", "void", "deposit")
    """The operations whose latency and rate a person asks for."""
    DONE: ClassVar[str] = "done"
    """What is said of one that succeeded."""
    INSIDE: ClassVar[bool] = False
    """Whether it asks services past the edge."""
    NAMED_BY: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The arguments that name what is asked for without a key, by its operation."""

    accounts: list[Account]
    amount_max_minor: int
    currency: str = "EUR"
    weights: Weights = Weights()
    refunded: float = 0.5
    raced: float = 0.3
    reused: float = 0.05

    def customers(self) -> list[str]:
        """Return the ids of all customers."""
        return [account.id for account in self.accounts if account.kind == "customer"]

    def merchants(self) -> list[str]:
        """Return the ids of all merchants."""
        return [account.id for account in self.accounts if account.kind == "merchant"]

    def subjects(self, crowd: Attendance) -> Mapping[str, Sequence[str]]:
        """Return in whose names the crowd asks, by the scopes that they need: each customer, and a till for the rest.

        Money leaves a customer's account for another's in that customer's name. Whoever charges, captures, refunds and
        voids acts for everybody, as a shop's orders do, and so does who audits.
        """
        del crowd
        return {"transfers.write": self.customers(), TILL_SCOPES: [TILL]}

    def drafts(self, crowd: Attendance) -> Iterator[Iterator[Draft]]:
        """Yield streams of operations, each in the order in which they are due.

        A capture, a refund or a void names its charge by the key that the charge is planned under, whatever becomes of
        the charge. What follows another operation may be due after the last phase.
        """
        yield in_order(self, crowd)
        for again in crowd.again:
            yield repeated(crowd, again, (draft for draft in in_order(self, crowd) if _may_repeat(draft)))

    def faults(self, duration_s: float) -> Iterator[str]:
        """Yield a sentence for everything that cannot be sent, each beginning with its field."""
        del duration_s  # nothing here is due at a time of its own
        yield from self._faults_of_accounts()
        if not 1 <= self.amount_max_minor <= AMOUNT_MAX_MINOR:
            yield f"amount_max_minor is 1 to {AMOUNT_MAX_MINOR}, not {self.amount_max_minor}"
        if not re.fullmatch("[A-Z]{3}", self.currency):
            yield f"currency is three capital letters, not {self.currency!r}"
        weights = msgspec.structs.astuple(self.weights)
        if not (all(0 <= weight < float("inf") for weight in weights) and sum(weights) > 0):
            yield "weights are at least 0, and one is above 0"
        for name in ("refunded", "raced", "reused"):
            if not is_share(getattr(self, name)):
                yield f"{name} is 0 to 1, not {getattr(self, name)}"

    def _faults_of_accounts(self) -> Iterator[str]:
        if len(self.customers()) < 2 or not self.merchants():
            yield "accounts has at least two customers and one merchant"
        if len(self.accounts) > ACCOUNTS_MAX:
            yield f"accounts has at most {ACCOUNTS_MAX}, so that one page has them all, not {len(self.accounts)}"
        seen: set[str] = set()
        for place, account in enumerate(self.accounts):
            name = f"accounts[{place}]"
            if not _ACCOUNT_ID.fullmatch(account.id) or account.id == "batch" or account.id.startswith("external-"):
                yield f"{name}.id is 1 to 64 of a-z, 0-9 and -, never `batch` or `external-…`, not {account.id!r}"
            if account.id in seen:
                yield f"{name}.id {account.id!r} stands twice"
            if not 0 <= account.opening_minor <= AMOUNT_MAX_MINOR:
                yield f"{name}.opening_minor is 0 to {AMOUNT_MAX_MINOR}, not {account.opening_minor}"
            seen.add(account.id)


def in_order(spending: Spending, crowd: Attendance) -> Iterator[Draft]:
    """Yield every operation of every outing as it is due; an outing's operations come no earlier than the outing."""
    outings = _Outings(spending, crowd)
    number = itertools.count()
    waiting: list[tuple[int, int, Draft]] = []
    for due_ns in arrivals(crowd):
        for draft in outings.at(due_ns):
            heapq.heappush(waiting, (draft.due_ns, next(number), draft))
        while waiting and waiting[0][0] <= due_ns:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _may_repeat(draft: Draft) -> bool:
    return draft.key is not None and draft.request.f != ANOTHER


class _Outings:
    """Draws one outing after the other from the seed."""

    def __init__(self, spending: Spending, crowd: Attendance) -> None:
        self._spending = spending
        self._clients = crowd.clients
        self._customers = spending.customers()
        self._merchants = spending.merchants()
        self._chance = source(crowd, "choices")
        self._keys = source(crowd, "keys")
        self._pick_customer = picker(zipf_weights(len(self._customers), _HOT))
        self._kinds = (self._cycle, self._charge, self._hold, self._deposit, self._audit)
        self._pick_kind = picker(msgspec.structs.astuple(spending.weights))

    def at(self, due_ns: int) -> Iterator[Draft]:
        """Yield the operations of the outing that is due now, and those that follow from it."""
        for draft in self._kinds[self._pick_kind(self._chance.random())](due_ns):
            yield draft
            if _may_repeat(draft) and self._chance.random() < self._spending.reused:
                yield self._another(draft)

    def _cycle(self, due_ns: int) -> Iterator[Draft]:
        """A to B, B to C and C to A at one instant: whoever locks the payer first, and then the payee, is stuck."""
        count = len(self._customers)
        size = min(_CYCLE, count)
        first = self._pick_customer(self._chance.random())
        round_ = [self._customers[(first + place) % count] for place in range(size)]
        for place, payer in enumerate(round_):
            args = {"from_account_id": payer, "to_account_id": round_[(place + 1) % size]}
            yield self._post(due_ns, "transfer", args | {"amount_minor": self._amount()})

    def _charge(self, due_ns: int) -> Iterator[Draft]:
        """A charge that is captured at once, with a void before, beside or after it, or refunds later."""
        charge, amount = self._charged(due_ns, capture=True)
        if self._chance.random() < self._spending.raced:
            lead_ns = self._between(10, 300)
            place = self._chance.randrange(3)
            yield charge._replace(due_ns=due_ns + (lead_ns if place == 0 else 0))
            yield self._post(due_ns + (lead_ns if place == 2 else 0), "void", {"charge_key": charge.key})
            return
        yield charge
        yield from self._refunds(due_ns, charge.key, amount)

    def _hold(self, due_ns: int) -> Iterator[Draft]:
        """A charge that is authorised first and captured later, whole or in part; some are voided just then."""
        charge, amount = self._charged(due_ns, capture=False)
        yield charge
        capture_ns = due_ns + self._between(200, 800)
        args = {"charge_key": charge.key}
        if self._chance.random() < self._spending.raced:
            yield self._post(capture_ns, "void", args)
            if self._chance.random() < 0.5:
                return
        captured = amount if self._chance.random() < 0.5 else self._part(amount)
        yield self._post(capture_ns, "capture", args if captured == amount else args | {"amount_minor": captured})
        yield from self._refunds(capture_ns, charge.key, captured)

    def _refunds(self, captured_ns: int, charge_key: str | None, amount: int) -> Iterator[Draft]:
        """All of it, a part of it, or three at once that together are more than was captured."""
        if self._chance.random() >= self._spending.refunded:
            return
        due_ns = captured_ns + self._between(200, 800)
        amounts = self._chance.choice([[amount], [self._part(amount)], [max(1, amount * 3 // 5)] * 3])
        for refunded in amounts:
            yield self._post(due_ns, "refund", {"charge_key": charge_key, "amount_minor": refunded})

    def _deposit(self, due_ns: int) -> Iterator[Draft]:
        customer = self._customers[self._pick_customer(self._chance.random())]
        yield self._post(due_ns, "deposit", {"account_id": customer, "amount_minor": self._amount()})

    def _audit(self, due_ns: int) -> Iterator[Draft]:
        """Every balance at one instant."""
        yield Draft(due_ns, self._client(), None, Request("audit", "/accounts?limit=500", None, {}, "GET"), TILL)

    def _charged(self, due_ns: int, *, capture: bool) -> tuple[Draft, int]:
        amount = self._amount()
        args = {
            "customer_account_id": self._customers[self._pick_customer(self._chance.random())],
            "merchant_account_id": self._chance.choice(self._merchants),
            "amount_minor": amount,
            "capture": capture,
        }
        return self._post(due_ns, "charge", args), amount

    def _another(self, draft: Draft) -> Draft:
        """The same key with another payload, when the first is decided: nothing may come of it."""
        request = draft.request
        body = dict(request.args)
        if "amount_minor" in body:
            body["amount_minor"] += 1
        else:
            body["charge_key"] = f"{body['charge_key']}-another"
        args = {"operation": request.f, **body}
        sent = Request(ANOTHER, request.path, msgspec.json.encode(body), args)
        return Draft(draft.due_ns + self._between(300, 900), self._client(), draft.key, sent, draft.who)

    def _post(self, due_ns: int, f: str, args: dict[str, Any]) -> Draft:
        request = Request(f, f"/{f}s", msgspec.json.encode(args), args)
        who = args["from_account_id"] if f == "transfer" else TILL
        return Draft(due_ns, self._client(), new_key(self._keys), request, who)

    def _amount(self) -> int:
        return 1 + int(self._chance.random() * self._spending.amount_max_minor)

    def _part(self, amount: int) -> int:
        return max(1, int(amount * (0.2 + 0.6 * self._chance.random())))

    def _between(self, least_ms: int, most_ms: int) -> int:
        return self._chance.randrange(least_ms * _MS, most_ms * _MS)

    def _client(self) -> int:
        return self._chance.randrange(self._clients)
