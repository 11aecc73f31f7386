"""Whatever comes back, nobody crashes and nothing is guessed: an answer that is not what was agreed is no answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from asked_participants import COMMANDS, OVER, Counter, Entry, all_done, answer_to, ask, batch
from hypothesis import given
from hypothesis import strategies as st

from trivet_order.adapters.http import WalletParticipant
from trivet_order.adapters.http.client import Response
from trivet_order.application.saga import Declined, NoAnswer, Reply

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = sorted(COMMANDS)
PLANTED = st.sampled_from(
    ["answers", "id", "key", "status", "body", "code", "detail", "lines", "currency", "total_minor", "state"]
)


def replies_to(name: str, answers: Callable[[Sequence[Entry]], Response], count: int = 3) -> list[Reply]:
    who, made = COMMANDS[name]
    replies: list[Reply] = asyncio.run(OVER[who](Counter(answers)).send([made(uuid4()) for _ in range(count)]))
    assert len(replies) == count
    return replies


@given(name=st.sampled_from(NAMES), status=st.sampled_from([200, 400, 409, 413, 422, 500]), body=st.binary(max_size=60))
def test_any_bytes_are_no_answer(name: str, status: int, body: bytes) -> None:
    assert {type(each) for each in replies_to(name, lambda _: Response(status, body, None))} == {NoAnswer}


@given(name=st.sampled_from(NAMES), told=JSON)
def test_any_json_is_no_answer(name: str, told: Any) -> None:
    for body in (told, {"answers": told}, {"answers": [told] * 3}):
        response = Response(200, json.dumps(body).encode(), None)
        assert {type(each) for each in replies_to(name, lambda _, response=response: response)} == {NoAnswer}


@given(name=st.sampled_from(NAMES), field=PLANTED, value=JSON, data=st.data())
def test_a_good_answer_with_a_field_of_another_kind_is_read_or_is_none(
    name: str, field: str, value: Any, data: st.DataObject
) -> None:
    """Only what the adapters look at may change a reply, and never to one that claims more than was said."""

    def answers(entries: Sequence[Entry]) -> Response:
        told = [answer_to(entry) for entry in entries]
        spoilt = data.draw(st.integers(0, len(told) - 1))
        target = told[spoilt]["body"] if field in told[spoilt]["body"] else told[spoilt]
        target[field] = value
        return batch(told)

    good = {type(each) for each in replies_to(name, all_done)}
    for reply in replies_to(name, answers):
        assert type(reply) in good | {NoAnswer}


@given(name=st.sampled_from(NAMES), cut=st.integers(0, 10**6))
def test_a_cut_answer_is_no_answer(name: str, cut: int) -> None:
    def answers(entries: Sequence[Entry]) -> Response:
        body = all_done(entries).body
        return Response(200, body[: cut % len(body)], None)

    assert {type(each) for each in replies_to(name, answers)} == {NoAnswer}


Spoil = Callable[[list[Any]], list[Any]]
SPOILT: dict[str, Spoil] = {
    "none": lambda told: told[:0],
    "fewer": lambda told: told[:-1],
    "more": lambda told: [*told, told[0]],
    "in another order": lambda told: told[::-1],
    "of others": lambda told: [each | {"id": "another", "key": "another"} for each in told],
    "twice the first": lambda told: [told[0], *told[:-1]],
    "without a name": lambda told: [{"status": each["status"], "body": each["body"]} for each in told],
    "without a status": lambda told: [{key: each[key] for key in each if key != "status"} for each in told],
    "without a body": lambda told: [each | {"body": None} for each in told],
    "with words for a status": lambda told: [each | {"status": "200"} for each in told],
    "with a status that is true": lambda told: [each | {"status": True} for each in told],
}


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("name", COMMANDS)
def test_answers_to_other_entries_than_were_sent_are_no_answer(name: str, spoilt: str) -> None:
    def answers(entries: Sequence[Entry]) -> Response:
        return batch(SPOILT[spoilt]([answer_to(entry) for entry in entries]))

    replies = replies_to(name, answers)
    assert {type(each) for each in replies} == {NoAnswer}
    assert not any(each.definite for each in replies if isinstance(each, NoAnswer))


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"answers":' * 50_000])
def test_an_answer_of_any_depth_is_no_answer(deep: bytes) -> None:
    assert {type(each) for each in replies_to("charge", lambda _: Response(200, deep, None))} == {NoAnswer}


@pytest.mark.parametrize("change", [{"quantity": 3}, {"item_id": "other"}, {"unit_price_minor": -1}, {"quantity": 2.0}])
async def test_goods_that_are_not_the_ones_asked_for_have_no_price(change: dict[str, Any]) -> None:
    def answers(entries: Sequence[Entry]) -> Response:
        told = [answer_to(entry) for entry in entries]
        for each in told:
            each["body"]["lines"][1] |= change
        return batch(told)

    assert isinstance(await ask("hold stock", answers), NoAnswer)


@pytest.mark.parametrize("name", ["hold stock", "pin seats", "charge"])
@pytest.mark.parametrize("currency", ["eur", "", "EURO", 7, None])
async def test_money_without_a_currency_is_no_answer(name: str, currency: Any) -> None:
    def answers(entries: Sequence[Entry]) -> Response:
        told = [answer_to(entry) for entry in entries]
        for each in told:
            each["body"]["currency"] = currency
        return batch(told)

    assert isinstance(await ask(name, answers), NoAnswer)


def test_the_fuzz_finds_an_adapter_that_guesses() -> None:
    """Taking no answer for a decline is seen by what the fuzz compares."""

    class Guessing(WalletParticipant):
        def _reply(self, command: Any, told: Any) -> Reply:
            reply: Reply = super()._reply(command, told)
            return Declined("guessed", "") if isinstance(reply, NoAnswer) else reply

    guessing = OVER["wallet"](Counter(lambda _: Response(200, b"", None)), kind=Guessing)
    [reply] = asyncio.run(guessing.send([COMMANDS["charge"][1](uuid4())]))
    assert type(reply) is not NoAnswer
