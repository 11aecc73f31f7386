"""Nobody moves, reads or learns of what is another's: each is told the same of it as of what is not there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from audit_log import line_of

from trivet_platform import Issuer, Program, Supervisor

TILL = "accounts.any accounts.open accounts.read charges.read charges.settle charges.write charges.batch deposits.write"
CUSTOMER = "accounts.open accounts.read charges.read charges.write transfers.write"
STRATEGIES = ("select_for_update", "optimistic")


class Caller:
    """Somebody with a token, at one replica."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=30)

    def post(self, path: str, key: str | None = None, **body: Any) -> httpx.Response:
        return self._http.post(path, json=body, headers={"idempotency-key": key or uuid.uuid4().hex})

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def close(self) -> None:
        self._http.close()


class Town:
    """Alice and Bob, who have 100 each, a shop, and the till that acts for everybody."""

    def __init__(self, replica: Program, issuer: Issuer, log: Path) -> None:
        url = replica.endpoints["url"]
        self.log = log
        self.till = Caller(url, issuer.token("till", TILL))
        self.alice = Caller(url, issuer.token("alice", CUSTOMER))
        self.bob = Caller(url, issuer.token("bob", CUSTOMER))
        self.courier = Caller(url, issuer.token("courier", "charges.batch"))
        self.account = {name: self._opened(name, "customer") for name in ("alice", "bob")}
        self.shop = self._opened("shop", "merchant")
        for account_id in self.account.values():
            assert self.till.post("/deposits", account_id=account_id, amount_minor=100).status_code == 201

    def _opened(self, owner: str, kind: str) -> str:
        account_id = f"{owner}-{uuid.uuid4().hex[:12]}"
        opened = self.till.post("/accounts", id=account_id, owner=owner, kind=kind, currency="EUR")
        assert opened.status_code == 201, opened.text
        return account_id

    def balances(self) -> list[int]:
        return [self.till.get(f"/accounts/{each}").json()["balance_minor"] for each in self.account.values()]


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[Issuer]:
    part = Issuer("wallet-issuer")
    supervisor.start(part)
    yield part
    part.kill()


@pytest.fixture(scope="module", params=STRATEGIES)
def town(
    request: pytest.FixtureRequest, start_replica: Callable[..., Program], issuer: Issuer, supervisor: Supervisor
) -> Town:
    own = {"TRIVET_WALLET_JWKS_URL": issuer.jwks_url, "TRIVET_WALLET_TOKEN_ISSUER": issuer.url}
    replica = start_replica(request.param, **own)
    return Town(replica, issuer, supervisor.directory / "log" / f"{replica.name}.log")


def same_refusal(answers: Sequence[httpx.Response]) -> None:
    """Check that all were refused, and that nothing but the id that was asked for tells one refusal from another."""
    told = []
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
        problem = answer.json()
        named = problem.pop("account_id", "")
        del problem["trace_id"]
        told.append(json.dumps(problem).replace(named, "…"))
    assert len(set(told)) == 1


def test_a_customer_moves_and_reads_what_is_theirs(town: Town) -> None:
    mine, bobs = town.account["alice"], town.account["bob"]
    assert town.alice.post("/transfers", from_account_id=mine, to_account_id=bobs, amount_minor=1).status_code == 201
    paid = town.alice.post("/charges", customer_account_id=mine, merchant_account_id=town.shop, amount_minor=1)
    assert paid.status_code == 201
    assert town.alice.get(f"/charges?key={paid.json()['charge_key']}").status_code == 200
    assert town.alice.get(f"/accounts/{mine}").json()["owner"] == "alice"
    assert town.alice.get(f"/accounts/{mine}/statement").status_code == 200
    assert {account["owner"] for account in town.alice.get("/accounts?limit=500").json()["accounts"]} == {"alice"}


@pytest.mark.parametrize("query", ["limt=500", "=1", "limit=3&account=x"])
def test_a_parameter_that_is_none_is_refused(query: str, town: Town) -> None:
    for path in ("/accounts?", f"/accounts/{town.account['alice']}/statement?", "/charges?key=k&"):
        answer = town.alice.get(path + query)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


def test_anothers_money_is_not_moved(town: Town) -> None:
    mine, bobs, nobodys = town.account["alice"], town.account["bob"], "nobody-1"
    before = town.balances()
    same_refusal(
        [
            town.alice.post("/transfers", from_account_id=each, to_account_id=mine, amount_minor=1)
            for each in (bobs, nobodys, town.shop)
        ]
    )
    same_refusal(
        [
            town.alice.post("/charges", customer_account_id=each, merchant_account_id=shop, amount_minor=1)
            for each in (bobs, nobodys)
            for shop in (town.shop, "no-shop")
        ]
    )
    assert town.balances() == before


@pytest.mark.parametrize("path", ["/accounts/{}", "/accounts/{}/statement"])
def test_anothers_account_is_not_read(town: Town, path: str) -> None:
    same_refusal([town.alice.get(path.format(each)) for each in (town.account["bob"], "nobody-1", "external-eur")])


def test_a_charge_is_its_subjects_own(town: Town) -> None:
    mine = town.account["alice"]
    paid = town.alice.post("/charges", customer_account_id=mine, merchant_account_id=town.shop, amount_minor=1)
    key = paid.json()["charge_key"]
    assert town.bob.get(f"/charges?key={key}").json()["code"] == "not-found"
    assert town.till.post("/refunds", charge_key=key, amount_minor=1).json()["code"] == "not-found"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/deposits", {"account_id": "any", "amount_minor": 1}),
        ("/refunds", {"charge_key": "any", "amount_minor": 1}),
        ("/captures", {"charge_key": "any"}),
        ("/voids", {"charge_key": "any"}),
        ("/charges/batch", {"entries": []}),
    ],
)
def test_a_customer_does_none_of_a_shops_work(town: Town, path: str, body: dict[str, Any]) -> None:
    refused = town.alice.post(path, **body)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "insufficient_scope" in refused.headers["www-authenticate"]


def test_a_customer_opens_accounts_of_their_own_alone_and_learns_no_ids(town: Town) -> None:
    own = {"kind": "customer", "currency": "EUR"}
    opened = town.alice.post("/accounts", owner="alice", **own)
    assert opened.status_code == 201
    assert town.alice.post("/accounts", owner="bob", **own).status_code == 403
    taken, free = (town.alice.post("/accounts", owner="alice", id=each, **own) for each in (town.shop, "free-1"))
    same_refusal([taken, free])


def test_a_refusal_is_not_kept_under_its_key(town: Town) -> None:
    """What was refused for whose it is may be right once it is asked for by whom it belongs to."""
    key, bobs = uuid.uuid4().hex, town.account["bob"]
    body = {"from_account_id": bobs, "to_account_id": town.account["alice"], "amount_minor": 1}
    assert town.alice.post("/transfers", key, **body).status_code == 403
    assert town.bob.post("/transfers", key, **body).status_code == 201


def test_movements_and_refusals_are_told_to_the_audit_log_without_a_token(town: Town) -> None:
    key = uuid.uuid4().hex
    moved = town.alice.post(
        "/transfers",
        key,
        from_account_id=town.account["alice"],
        to_account_id=town.account["bob"],
        amount_minor=1,
    )
    refused = town.bob.get(f"/accounts/{town.account['alice']}")
    told = line_of(town.log, moved)
    assert (told["subject"], told["operation"], told["key"], told["status"]) == ("alice", "transfer", key, 201)
    assert (told["account_id"], told["amount_minor"]) == (town.account["alice"], 1)
    told = line_of(town.log, refused)
    assert (told["subject"], told["path"], told["status"], told["code"]) == (
        "bob",
        "/accounts/{account_id}",
        403,
        "forbidden",
    )
    assert "eyJ" not in town.log.read_text()


def test_an_entry_of_a_batch_that_is_refused_is_told_as_well(town: Town) -> None:
    key = uuid.uuid4().hex
    charge = {"op": "charge", "key": key, "customer_account_id": town.account["alice"]}
    charge |= {"merchant_account_id": town.shop, "amount_minor": 1}
    batch = town.courier.post("/charges/batch", entries=[charge])
    assert batch.json()["answers"][0]["status"] == 403
    told = line_of(town.log, batch)
    assert (told["subject"], told["key"], told["status"], told["code"]) == ("courier", key, 403, "forbidden")
