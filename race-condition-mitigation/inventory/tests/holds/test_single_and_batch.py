"""A single request and an entry of a batch are told the same, and what goes wrong in one entry is its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from trivet_chassis import Answer, ServiceError, Unavailable
from trivet_inventory.bootstrap import Inventory
from trivet_inventory.holds import Confirm, Entry, HoldStock, Name, Pin, Release, StockDesk, Wanted
from trivet_inventory.holds import desk as desk_module
from trivet_inventory.holds.working import Working
from trivet_inventory.items import NewItem

Sell = Callable[[Inventory, int], Awaitable[str]]
run = asyncio.run

words = st.sampled_from("abc")
orders = st.sampled_from(("o1", "o2"))
verbs = st.one_of(
    st.tuples(st.just("hold"), words, st.lists(st.tuples(st.sampled_from("xyz"), st.integers(1, 3)), max_size=3)),
    st.tuples(st.just("pin"), words, orders),
    st.tuples(st.just("confirm"), words, orders),
    st.tuples(st.just("release"), words, st.one_of(st.none(), orders)),
)


def entry(tag: str, verb: str, word: str, argument: Any) -> Entry:
    name = Name("alice", f"{tag}:{word}")
    if verb == "hold":
        lines = dict(argument) or {"x": 1}
        return HoldStock(name, tuple(Wanted(f"{tag}-{item}", quantity) for item, quantity in lines.items()))
    return {"pin": Pin, "confirm": Confirm, "release": Release}[verb](name, argument)  # type: ignore[no-any-return]  # one of three


def told(tag: str, answer: Any) -> dict[str, Any]:
    """Return an answer without what is its own moment's: the instant of expiry, and the trace."""
    assert isinstance(answer, Answer), answer
    body: dict[str, Any] = json.loads(answer.body.replace(tag.encode(), b"tag"))
    return {"status": answer.status, "replayed": answer.replayed} | body | {"expires_at": None, "trace_id": None}


def test_single_requests_and_batches_answer_alike(open_shop: Any) -> None:
    with asyncio.Runner() as runner:
        numbers = iter(range(10**6))
        opened = open_shop("advisory")
        inventory = runner.run(opened.__aenter__())

        async def compare(asked: list[tuple[str, str, Any]], numbers: Iterator[int]) -> None:
            tags = [f"s{next(numbers)}", f"b{next(numbers)}"]
            for tag in tags:  # `z` is not for sale
                await inventory.catalogue.create("anonymous", None, NewItem(f"{tag}-x", None, 3, 250, "EUR"))
                await inventory.catalogue.create("anonymous", None, NewItem(f"{tag}-y", None, 2, 100, "EUR"))
            single, batch = tags
            alone = [told(single, await inventory.stock_desk.one(entry(single, *each))) for each in asked]
            together = await inventory.stock_desk.many([entry(batch, *each) for each in asked])
            assert [told(batch, answer) for answer in together] == alone

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(asked=st.lists(verbs, min_size=1, max_size=12))
        def all_alike(asked: list[tuple[str, str, Any]]) -> None:
            runner.run(compare(asked, numbers))

        try:
            all_alike()
        finally:
            runner.run(opened.__aexit__(None, None, None))


def test_an_entry_that_the_database_refuses_fails_alone(open_shop: Any, sell: Sell) -> None:
    """A NUL cannot be stored; behind the wire's checks it stands for whatever a server may refuse of one entry."""

    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 5)
            good = [HoldStock(Name("alice", f"{item_id}:{n}"), (Wanted(item_id, 1),)) for n in range(5)]
            poison = HoldStock(Name("al\0ice", "x"), (Wanted(item_id, 1),))
            entries = [*good[:3], poison, *good[3:], Pin(good[0].name, "o1")]
            answers = await inventory.stock_desk.many(entries)
            statuses = [answer.status if isinstance(answer, Answer) else type(answer).__mro__ for answer in answers]
            assert statuses[:3] + statuses[4:] == [201] * 5 + [200]
            assert isinstance(answers[3], desk_module.POISON)
            assert (await inventory.catalogue.get(item_id))["stock"] == 0
            with pytest.raises(desk_module.POISON):
                await inventory.stock_desk.one(poison)

    run(scenario())


def test_a_defect_that_one_entry_meets_is_its_own(open_shop: Any, sell: Sell, monkeypatch: pytest.MonkeyPatch) -> None:
    decide = Working.decide

    def clumsy(working: Working, asked: Entry) -> Any:
        if asked.name.id.endswith(":bad"):
            raise ZeroDivisionError
        return decide(working, asked)

    monkeypatch.setattr(Working, "decide", clumsy)

    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 5)
            entries = [HoldStock(Name("alice", f"{item_id}:{n}"), (Wanted(item_id, 1),)) for n in ("a", "bad", "c")]
            answers = await inventory.stock_desk.many(entries)
            assert [type(answer) for answer in answers] == [Answer, ZeroDivisionError, Answer]
            assert (await inventory.catalogue.get(item_id))["stock"] == 3

    run(scenario())


def test_what_a_first_half_did_makes_a_lost_second_half_unknown(
    open_shop: Any, sell: Sell, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = StockDesk._attempt
    calls: list[int] = []

    async def failing(desk: StockDesk, entries: Any) -> Any:
        calls.append(len(entries))
        if len(calls) == 3:  # the second half, after the whole and the first half
            raise Unavailable("the database is away", definite=True)
        return await attempt(desk, entries)

    monkeypatch.setattr(StockDesk, "_attempt", failing)

    async def scenario() -> None:
        async with open_shop("advisory") as inventory:
            item_id = await sell(inventory, 5)
            good = HoldStock(Name("alice", f"{item_id}:a"), (Wanted(item_id, 1),))
            poison = HoldStock(Name("al\0ice", "x"), (Wanted(item_id, 1),))
            with pytest.raises(Unavailable) as lost:
                await inventory.stock_desk.many([good, poison])
            assert isinstance(lost.value, ServiceError)
            assert (calls, lost.value.definite) == ([2, 1, 1], False)
            assert (await inventory.stock_desk.one(good)).replayed

    run(scenario())
