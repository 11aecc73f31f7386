"""What an operator sees and does of checkouts: the commands, on a database that workers write too."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from order_contracts.saga_grounds import advanced, new_order
from order_contracts.samples import change, wish
from sql_sagas import SqlSagas

from trivet_chassis import SettingsError
from trivet_order.adapters.sqlalchemy.saga_operations import SqlAlchemySagaOperations
from trivet_order.application.saga import Decision, Found, SagaEvent, park, resume
from trivet_order.bootstrap import build_checkouts
from trivet_order.entrypoints.cli import main
from trivet_order.settings import Settings

T = TypeVar("T")
Run = Callable[..., tuple[int, str, str]]
URLS = {
    "inventory_url": "http://127.0.0.1:1",
    "reservation_url": "http://127.0.0.1:1",
    "wallet_url": "http://127.0.0.1:1",
}


def on(url: str, work: Callable[[SqlSagas], Awaitable[T]]) -> T:
    """Do something to checkouts in a loop of its own; a command has its own one too."""

    async def done() -> T:
        ground = SqlSagas(url)
        try:
            return await work(ground)
        finally:
            await ground.database.close()

    return asyncio.run(done())


def holding(url: str) -> UUID:
    """Return an order of whose checkout a hold was tried once, and came to nothing."""

    async def begin(ground: SqlSagas) -> UUID:
        order = await new_order(ground)
        for event in (SagaEvent.BEGUN, Decision(SagaEvent.NO_ANSWER, "nobody\nthere")):
            await record(ground, order.id, event)
        return order.id

    return on(url, begin)


async def record(ground: SqlSagas, order_id: UUID, event: SagaEvent | Decision) -> bool:
    leases, store = await ground.all_leases(), ground.store()
    (found,) = (await store.read(leases, [order_id])).found
    return bool(await store.record(leases, [advanced(found, event)]))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database_url: str) -> Run:
    """Return what runs a command: how it ended, what it printed, and what it told people."""

    def saga(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["trivet-order", "saga", *(str(word) for word in words)])
        monkeypatch.setenv("TRIVET_ORDER_DATABASE_URL", database_url)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return saga


def test_a_checkout_is_shown_with_its_steps(run: Run, database_url: str) -> None:
    order_id = holding(database_url)
    code, printed, _ = run("show", order_id, "--json")
    told = json.loads(printed)
    assert (code, told["order_id"], told["state"], told["attempts"]) == (0, str(order_id), "holding", 1)
    assert [(step["event"], step["state"], step["attempts"]) for step in told["steps"]] == [
        ("begun", "created", 0),
        ("no answer", "holding", 1),
    ]
    code, printed, about = run("show", order_id)
    assert code == 0
    assert [line.split()[1:4] for line in printed.splitlines()] == [
        ["created", "begun", "0"],
        ["holding", "no", "answer"],
    ]
    assert "state: holding" in about
    assert run("show", uuid4())[0] == 1


def test_what_is_parked_waits_until_it_is_retried(run: Run, database_url: str) -> None:
    order_id = holding(database_url)
    assert run("park", order_id, "--why", "the seller is closed")[:2] == (0, f"{order_id}  parked\n")
    code, printed, _ = run("list", "--parked", "--json")
    (row,) = [each for each in json.loads(printed)["sagas"] if each["order_id"] == str(order_id)]
    assert (code, row["state"], row["parked"], row["due_at"]) == (0, "holding", "the seller is closed", None)
    assert order_id not in on(database_url, due)
    assert run("retry", order_id)[:2] == (0, f"{order_id}  tried again\n")
    assert order_id in on(database_url, due)
    told = json.loads(run("show", order_id, "--json")[1])
    assert (told["attempts"], told["parked"]) == (0, None)
    assert [step["event"] for step in told["steps"]][-2:] == ["parked", "resumed"]
    assert str(order_id) not in run("list", "--parked")[1]


async def due(ground: SqlSagas) -> set[UUID]:
    leases = await ground.all_leases()
    return {each.order.id for each in (await ground.store().claim(leases, 1000, [])).found}


def test_what_has_ended_or_never_was_is_refused(run: Run, database_url: str) -> None:
    async def end(ground: SqlSagas) -> UUID:
        order = await new_order(ground)
        await change(ground.units, order.id, wish)
        return order.id

    order_id, nobody = on(database_url, end), uuid4()
    for command in (("park", order_id, nobody, "--why", "x"), ("retry", order_id, nobody)):
        code, printed, _ = run(*command, "--json")
        said = json.loads(printed)["sagas"]
        assert code == 1
        assert all(sentence.startswith("refused: ") for sentence in said.values())
        assert said.keys() == {str(order_id), str(nobody)}


def test_a_list_is_told_in_pages_and_by_state(run: Run, database_url: str) -> None:
    orders = {holding(database_url) for _ in range(3)}
    seen: list[str] = []
    while page := json.loads(run("list", "holding", "--limit", 2, "--json", *after(seen))[1])["sagas"]:
        assert {each["state"] for each in page} == {"holding"}
        seen += [each["order_id"] for each in page]
    assert seen == sorted(set(seen))
    assert {str(order_id) for order_id in orders} <= set(seen)
    assert run("list", "confirmed")[2] == "there is none\n"


def after(seen: list[str]) -> tuple[str, ...]:
    return ("--after", seen[-1]) if seen else ()


async def test_of_a_worker_and_an_operator_the_second_is_refused(database_url: str) -> None:
    ground = SqlSagas(database_url)
    operations = SqlAlchemySagaOperations(ground.database)
    order = await new_order(ground)
    assert await record(ground, order.id, SagaEvent.BEGUN)
    leases = await ground.all_leases()
    (in_hand,) = (await ground.store().read(leases, [order.id])).found
    assert await operations.write(park((await operations.find(order.id)).found[0], "by hand"))
    assert await ground.store().record(leases, [advanced(in_hand, SagaEvent.NO_ANSWER)]) == set()
    claim = await operations.find(order.id)
    (parked,) = claim.found
    assert await operations.write(resume(parked, claim.now, 60.0))
    assert not await operations.write(resume(parked, claim.now, 60.0))
    (resumed,) = (await ground.store().read(leases, [order.id])).found
    refused = advanced(Found(in_hand.saga, resumed.order), SagaEvent.NO_ANSWER)
    assert await ground.store().record(leases, [refused]) == set()
    await ground.database.close()


def test_a_worker_says_what_it_lacks() -> None:
    url = "postgresql://u:p@127.0.0.1:1/nowhere"
    with pytest.raises(SettingsError) as error:
        build_checkouts(Settings(database_url=url))
    assert [fault.split()[0] for fault in error.value.faults] == [
        "TRIVET_ORDER_INVENTORY_URL",
        "TRIVET_ORDER_RESERVATION_URL",
        "TRIVET_ORDER_WALLET_URL",
    ]
    with pytest.raises(SettingsError, match="only a lab may start it"):
        build_checkouts(Settings(database_url=url, checkout="naive", **URLS))
    build_checkouts(Settings(database_url=url, checkout="naive", lab="tests", **URLS))
    build_checkouts(Settings(database_url=url, **URLS))
