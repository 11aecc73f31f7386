"""A replica dies or fails at every moment of a movement; the key's next request, at the other replica, agrees."""

from __future__ import annotations

import ast
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

import trivet_wallet
from trivet_platform import Program, Supervisor
from trivet_wallet.failpoints import FAILPOINTS

Start = Callable[..., Program]
LASTING = {"wallet.movement.after_commit", "wallet.movement.before_reply"}
MAY_PASS = {"lock-busy", "request-in-flight"}  # the server has to notice that the dead one's connection is cut
NO_KEEPALIVE = httpx.Limits(max_keepalive_connections=0)  # the server cuts a connection on which it tells a defect


@pytest.fixture(scope="module")
def survivor(start_replica: Start) -> Callable[[str], str]:
    """Return the URL of a strategy's replica that nothing happens to."""
    urls: dict[str, str] = {}

    def ask(strategy: str) -> str:
        if strategy not in urls:
            urls[strategy] = start_replica(strategy).endpoints["url"]
        return urls[strategy]

    return ask


@pytest.fixture(scope="module")
def http() -> Any:
    with httpx.Client(limits=NO_KEEPALIVE, timeout=30) as client:
        yield client


def post(http: httpx.Client, url: str, path: str, key: str, **body: Any) -> httpx.Response:
    return http.post(f"{url}{path}", json=body, headers={"Idempotency-Key": key})


def shop(http: httpx.Client, url: str) -> tuple[str, str]:
    """Open a customer with 100 and a merchant, and return their ids."""
    ids = [f"{kind}-{uuid.uuid4().hex[:12]}" for kind in ("customer", "merchant")]
    for each in ids:
        kind = each.partition("-")[0]
        assert http.post(
            f"{url}/accounts", json={"id": each, "owner": "anna", "kind": kind, "currency": "EUR"}
        ).is_success
    assert post(http, url, "/deposits", ids[0], account_id=ids[0], amount_minor=100).is_success
    return ids[0], ids[1]


def decided(http: httpx.Client, until: Any, url: str, path: str, key: str, **body: Any) -> httpx.Response:
    """Ask with one key until the answer is one that stays."""

    def ask() -> httpx.Response | None:
        answer = post(http, url, path, key, **body)
        return None if answer.status_code >= 400 and answer.json()["code"] in MAY_PASS else answer

    answer: httpx.Response = until(ask)
    return answer


def balance(http: httpx.Client, url: str, account_id: str) -> int:
    return int(http.get(f"{url}/accounts/{account_id}").json()["balance_minor"])


def told(supervisor: Supervisor, program: Program) -> list[dict[str, Any]]:
    """Return the evidence that a replica's failpoints left in its log."""
    log = (supervisor.directory / "log" / f"{program.name}.log").read_text()
    return [json.loads(line) for line in log.splitlines() if '"event":"failpoint"' in line]


def test_the_moments_that_are_told_are_those_in_the_code() -> None:
    root = Path(str(trivet_wallet.__file__)).parent
    called = {
        node.args[0].value
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"reach", "failpoint"}
        if isinstance(node.args[0], ast.Constant)
    }
    assert called == set(FAILPOINTS)


@pytest.mark.parametrize("name", FAILPOINTS)
@pytest.mark.parametrize("strategy", ["select_for_update", pytest.param("optimistic", marks=pytest.mark.long)])
def test_a_replica_dies_and_the_other_one_agrees(
    strategy: str,
    name: str,
    start_replica: Start,
    survivor: Callable[[str], str],
    settings_for: Any,
    supervisor: Supervisor,
    until: Any,
    http: httpx.Client,
) -> None:
    other = survivor(strategy)
    victim = start_replica(strategy, TRIVET_FAILPOINTS=f"{name}=kill")
    customer, merchant = shop(http, other)
    key = f"{customer}-k"
    wanted = {"customer_account_id": customer, "merchant_account_id": merchant, "amount_minor": 60}
    with pytest.raises(httpx.TransportError):
        post(http, victim.endpoints["url"], "/charges", key, **wanted)
    (line,) = told(supervisor, victim)
    assert (line["name"], line["action"], line["hit"]) == (name, "kill", 1)
    answer = decided(http, until, other, "/charges", key, **wanted)
    assert (answer.status_code, answer.json()["state"]) == (201, "captured")
    assert ("idempotency-replayed" in answer.headers) == (name in LASTING)
    again = post(http, other, "/charges", key, **wanted)
    assert (again.content, again.headers["idempotency-replayed"]) == (answer.content, "true")
    assert (balance(http, other, customer), balance(http, other, merchant)) == (40, 60)
    with psycopg.connect(settings_for(strategy).database_url) as connection:
        count = "SELECT count(*) FROM operations WHERE key = %s AND kind = 'charge'"
        assert connection.execute(count, [key]).fetchone() == (1,)


def test_an_error_at_every_moment_is_an_unknown_outcome_that_the_key_resolves(
    start_replica: Start, survivor: Callable[[str], str], supervisor: Supervisor, until: Any, http: httpx.Client
) -> None:
    other = survivor("select_for_update")
    failing = start_replica("select_for_update", TRIVET_FAILPOINTS=",".join(f"{name}=error" for name in FAILPOINTS))
    customer, merchant = shop(http, other)
    wanted = {"customer_account_id": customer, "merchant_account_id": merchant, "amount_minor": 60}
    key = f"{customer}-k"
    for _ in FAILPOINTS:
        answer = decided(http, until, failing.endpoints["url"], "/charges", key, **wanted)
        assert (answer.status_code, answer.json()["code"], answer.json()["definite"]) == (500, "internal", False)
    assert [line["name"] for line in told(supervisor, failing)] == list(FAILPOINTS)
    answers = [post(http, each, "/charges", key, **wanted) for each in (failing.endpoints["url"], other)]
    assert [(each.status_code, each.headers["idempotency-replayed"]) for each in answers] == [(201, "true")] * 2
    assert answers[0].content == answers[1].content
    assert balance(http, other, customer) == 40


def test_a_batch_whose_replica_dies_is_done_whole_or_not_at_all(
    start_replica: Start, survivor: Callable[[str], str], until: Any, http: httpx.Client
) -> None:
    other = survivor("select_for_update")
    for moment in ("before_commit", "after_commit"):
        victim = start_replica("select_for_update", TRIVET_FAILPOINTS=f"wallet.movement.{moment}=kill")
        customer, merchant = shop(http, other)
        charge = {"customer_account_id": customer, "merchant_account_id": merchant, "amount_minor": 10}
        entries = [{"op": "charge", "key": f"{customer}-{number}", **charge} for number in range(3)]
        entries.append({"op": "refund", "key": f"{customer}-r", "charge_key": f"{customer}-0", "amount_minor": 5})
        with pytest.raises(httpx.TransportError):
            http.post(f"{victim.endpoints['url']}/charges/batch", json={"entries": entries})

        def ask(entries: Any = entries) -> Any:
            told = http.post(f"{other}/charges/batch", json={"entries": entries}).json()["answers"]
            return None if any(each["body"].get("code") in MAY_PASS for each in told) else told

        answers = until(ask)
        assert [(each["status"], each["replayed"]) for each in answers] == [(201, moment == "after_commit")] * 4
        assert (balance(http, other, customer), balance(http, other, merchant)) == (75, 25)
