"""A service that acts for customers charges whom it names, in the currency that it means, under keys of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from trivet_chassis import Forbidden, InvalidRequest
from trivet_platform import Issuer, Program, Supervisor
from trivet_wallet.books import Account, Charge, Page
from trivet_wallet.errors import AlreadyCaptured
from trivet_wallet.ledger.kinds import AccountKind, ChargeState
from trivet_wallet.services.charges import MakeCharge
from trivet_wallet.services.refunds import Refund
from trivet_wallet.services.voids import Void

STRATEGIES = ("select_for_update", "optimistic")
SERVICE = "accounts.any charges.batch charges.read"
TILL = "accounts.any accounts.open accounts.read deposits.write"
CUSTOMER = "accounts.read charges.read charges.settle charges.write"


def page_of(state: ChargeState | None = None) -> Page:
    """Return alice's account and the shop's, and a charge of hers in this state."""
    alice = Account("a", AccountKind.CUSTOMER, "EUR", hot=False, row_minor=100, held_minor=0, version=1, owner="alice")
    shop = Account("m", AccountKind.MERCHANT, "EUR", hot=True, row_minor=0, held_minor=0, version=1, owner="shop")
    captured = 40 if state == ChargeState.CAPTURED else 0
    named = ("order", "k", "a", "m", 40, "EUR")
    charges = [] if state is None else [Charge(uuid.uuid4(), *named, state, captured_minor=captured, version=1)]
    return Page([alice, shop], charges)


def made(**changes: Any) -> MakeCharge:
    return MakeCharge("order", "k", "a", "m", 40, **changes)


@pytest.mark.parametrize(
    ("owner", "customer", "is_done"),
    [
        (None, None, True),
        (None, "alice", True),
        (None, "bob", False),
        ("alice", None, True),
        ("alice", "alice", True),
        ("alice", "bob", False),  # who may charge what is theirs may not do so for somebody else
        ("bob", "alice", False),  # nor may anybody what is hers by naming her
    ],
)
def test_an_account_is_charged_by_whoever_may_and_for_whose_it_is(
    owner: str | None, customer: str | None, *, is_done: bool
) -> None:
    page = page_of()
    command = made(owner=owner, customer=customer)
    if is_done:
        assert command.decide(page, "e").status == 201
        return
    with pytest.raises(Forbidden):
        command.decide(page, "e")
    assert not page.new_charges
    assert not page.postings


def test_an_account_that_is_not_there_is_refused_like_anothers() -> None:
    page = Page(page_of().accounts.values(), [])
    del page.accounts["a"]
    with pytest.raises(Forbidden, match="there is no account a of yours"):
        made(customer="alice").decide(page, "e")


def test_an_amount_is_taken_in_the_currency_that_it_is_meant_in() -> None:
    assert made(currency="EUR").decide(page_of(), "e").status == 201
    page = page_of()
    with pytest.raises(InvalidRequest, match="40 JPY cannot be taken: a is in EUR") as refused:
        made(currency="JPY").decide(page, "e")
    assert not refused.value.kind.stored
    assert not page.new_charges


def test_whom_and_what_an_entry_names_is_of_its_payload_and_nothing_else_is() -> None:
    plain = made()
    assert plain.request == MakeCharge("order", "k", "a", "m", 40, owner="alice").request
    payloads = {
        each.request.payload
        for each in (plain, made(customer="alice"), made(customer="bob"), made(currency="EUR"), made(customer="EUR"))
    }
    assert len(payloads) == 5
    assert Void("s", "v", "k").request.payload != Void("s", "v", "k", "alice").request.payload
    assert Refund("s", "r", "k", 1).request.payload != Refund("s", "r", "k", 1, "alice").request.payload


@pytest.mark.parametrize("state", list(ChargeState))
def test_a_charge_is_voided_and_refunded_for_whom_it_charged_alone(state: ChargeState) -> None:
    page = page_of(state)
    for command in (Void("order", "v", "k", "bob"), Refund("order", "r", "k", 1, "bob")):
        with pytest.raises(Forbidden):
            command.decide(page, "e")
    assert not page.changed_charges
    assert Void("order", "v", "k", "alice").touches(page.charges["order", "k"]).credited == {"a"}


def test_a_void_that_comes_too_late_says_how_much_was_taken() -> None:
    with pytest.raises(AlreadyCaptured) as refused:
        Void("order", "v", "k", "alice").decide(page_of(ChargeState.CAPTURED), "e")
    assert refused.value.members == {"charge_key": "k", "state": "captured", "captured_minor": 40, "currency": "EUR"}


def test_a_void_of_what_never_came_is_for_anybody_and_leaves_a_tombstone() -> None:
    page = page_of()
    assert Void("order", "v", "k", "alice").decide(page, "e").body["state"] == "voided"
    assert [charge.state for charge in page.new_charges] == [ChargeState.VOIDED]


class Street:
    """Alice and Bob, who have 100 each, a shop, and the order, which acts for both."""

    def __init__(self, replica: Program, issuer: Issuer) -> None:
        self._url = replica.endpoints["url"]
        self._bearers = {name: issuer.token(name, CUSTOMER) for name in ("alice", "bob")}
        self._bearers |= {"order": issuer.token("order", SERVICE), "till": issuer.token("till", TILL)}
        self._bearers |= {"courier": issuer.token("courier", "charges.batch")}
        self.account = {name: self._opened(name, "customer") for name in ("alice", "bob")}
        self.shop = self._opened("shop", "merchant")
        for account_id in self.account.values():
            assert self.post("till", "/deposits", account_id=account_id, amount_minor=100).status_code == 201

    def post(self, who: str, path: str, key: str | None = None, **body: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._bearers[who]}", "idempotency-key": key or uuid.uuid4().hex}
        return httpx.post(f"{self._url}{path}", json=body, headers=headers, timeout=30)

    def entries(self, *entries: dict[str, Any], who: str = "order") -> list[dict[str, Any]]:
        """Send a batch and return what each entry was told."""
        answer = self.post(who, "/charges/batch", entries=list(entries))
        assert answer.status_code == 200, answer.text
        told: list[dict[str, Any]] = answer.json()["answers"]
        return told

    def charge(self, order: str, whose: str = "alice", amount_minor: int = 10, **more: Any) -> dict[str, Any]:
        """Return an order's entry."""
        accounts = {"customer_account_id": self.account[whose], "merchant_account_id": self.shop}
        named = {"op": "charge", "key": f"{order}:charge", "amount_minor": amount_minor, "subject": "alice"}
        return named | accounts | {"currency": "EUR"} | more

    def void(self, order: str, **more: Any) -> dict[str, Any]:
        """Return an order's entry."""
        named = {"op": "void", "key": f"{order}:void", "charge_key": f"{order}:charge", "subject": "alice"}
        return named | more

    def balance(self, whose: str) -> int:
        headers = {"authorization": f"Bearer {self._bearers['till']}"}
        found = httpx.get(f"{self._url}/accounts/{self.account[whose]}", headers=headers, timeout=30)
        return int(found.json()["balance_minor"])

    def _opened(self, owner: str, kind: str) -> str:
        account_id = f"{owner}-{uuid.uuid4().hex[:12]}"
        opened = self.post("till", "/accounts", id=account_id, owner=owner, kind=kind, currency="EUR")
        assert opened.status_code == 201, opened.text
        return account_id


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[Issuer]:
    part = Issuer("wallet-acting-issuer")
    supervisor.start(part)
    yield part
    part.kill()


@pytest.fixture(scope="module", params=STRATEGIES)
def replica(request: pytest.FixtureRequest, start_replica: Callable[..., Program], issuer: Issuer) -> Program:
    own = {"TRIVET_WALLET_JWKS_URL": issuer.jwks_url, "TRIVET_WALLET_TOKEN_ISSUER": issuer.url}
    return start_replica(request.param, **own)


@pytest.fixture
def street(replica: Program, issuer: Issuer) -> Street:
    return Street(replica, issuer)


def told(answer: dict[str, Any]) -> tuple[int, str]:
    return answer["status"], answer["body"].get("code", answer["body"].get("state"))


def test_an_entry_takes_from_whom_it_names_or_fails_alone(street: Street) -> None:
    one, two, three, four = (uuid.uuid4().hex for _ in range(4))
    answers = street.entries(
        street.charge(one),
        street.charge(two, "bob"),
        street.charge(three, subject="nobody"),
        street.charge(four, currency="JPY"),
    )
    assert [told(each) for each in answers] == [
        (201, "captured"), (403, "forbidden"), (403, "forbidden"), (400, "invalid-request")
    ]  # fmt: skip
    assert (street.balance("alice"), street.balance("bob")) == (90, 100)
    # Nothing is stored of those that were refused: their keys are as if they had never come.
    answers = street.entries(street.charge(two), street.charge(three), street.charge(four))
    assert [(each["status"], each["replayed"]) for each in answers] == [(201, False)] * 3


def test_a_caller_who_acts_for_nobody_charges_nobody_by_naming_them(street: Street) -> None:
    order = uuid.uuid4().hex
    assert told(street.entries(street.charge(order), who="courier")[0]) == (403, "forbidden")
    assert street.balance("alice") == 100


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_customers_charge_under_an_orders_key_neither_blocks_nor_passes_for_it(street: Street, who: str) -> None:
    order = uuid.uuid4().hex
    mine = {"customer_account_id": street.account[who], "merchant_account_id": street.shop, "amount_minor": 1}
    assert street.post(who, "/charges", f"{order}:charge", **mine).status_code == 201
    [answer] = street.entries(street.charge(order))
    assert (told(answer), answer["replayed"], answer["body"]["captured_minor"]) == ((201, "captured"), False, 10)
    [answer] = street.entries(street.void(order))
    assert (told(answer), answer["body"]["captured_minor"]) == ((409, "already-captured"), 10)
    # What the order never charged is voided, and says nothing of what a customer paid under its key.
    never = uuid.uuid4().hex
    assert street.post(who, "/charges", f"{never}:charge", **mine).status_code == 201
    assert told(street.entries(street.void(never))[0]) == (200, "voided")


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_customers_void_of_an_orders_charge_is_of_another_charge(street: Street, who: str) -> None:
    order = uuid.uuid4().hex
    assert street.post(who, "/voids", f"{order}:void", charge_key=f"{order}:charge").status_code == 200
    assert told(street.entries(street.charge(order))[0]) == (201, "captured")
    refund = street.post(who, "/refunds", charge_key=f"{order}:charge", amount_minor=1)
    assert refund.status_code == 409, "the customer's own, which they voided; not the order's"
    assert street.balance("alice") == 90


def test_a_charge_that_comes_after_its_void_is_refused_and_told_so_again(street: Street) -> None:
    order = uuid.uuid4().hex
    assert told(street.entries(street.void(order))[0]) == (200, "voided")
    for is_again in (False, True):
        [answer] = street.entries(street.charge(order))
        assert (told(answer), answer["replayed"]) == ((409, "charge-voided"), is_again)
    assert street.balance("alice") == 100


def test_a_void_for_another_customer_changes_nothing(street: Street) -> None:
    order = uuid.uuid4().hex
    street.entries(street.charge(order))
    assert told(street.entries(street.void(order, subject="bob"))[0]) == (403, "forbidden")
    assert told(street.entries(street.void(order))[0]) == (409, "already-captured")
