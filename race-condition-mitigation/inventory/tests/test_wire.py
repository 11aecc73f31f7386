"""What is accepted on the wire: integers that are integers, ids that are ids, and nothing that was not asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trivet_chassis import TokenSettings, gate_of
from trivet_inventory.entrypoints.api import create_application
from trivet_inventory.entrypoints.wire import BuyItem, CreateItem, Restock

ITEM = {"stock": 1, "unit_price_minor": 100, "currency": "EUR"}


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{0,63}", fullmatch=True).filter(lambda word: word != "batch"))
def test_an_id_of_the_alphabet_is_an_id(item_id: str) -> None:
    assert BuyItem.model_validate({"item_id": item_id}).quantity == 1


@given(st.text())
def test_no_other_text_is_an_id(text: str) -> None:
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    legal = 0 < len(text) <= 64 and set(text) <= allowed and not text.startswith("-") and text != "batch"
    try:
        BuyItem.model_validate({"item_id": text})
    except ValidationError:
        assert not legal
    else:
        assert legal


@pytest.mark.parametrize("quantity", ["1", 1.0, True, None, 0, -1, 1001, 10**30, float("nan"), [1], {}])
def test_a_quantity_is_a_whole_number_in_its_bounds(quantity: Any) -> None:
    with pytest.raises(ValidationError):
        BuyItem.model_validate({"item_id": "a", "quantity": quantity})
    with pytest.raises(ValidationError):
        Restock.model_validate({"quantity": quantity if quantity != 1001 else 1_000_001})


@pytest.mark.parametrize(
    "change",
    [
        {"stock": -1},
        {"stock": True},
        {"unit_price_minor": "100"},
        {"unit_price_minor": 99.5},
        {"currency": "eur"},
        {"currency": "EURO"},
        {"id": "batch"},
        {"id": "Capital"},
        {"name": ""},
        {"name": "a\x00b"},
        {"name": "line\nbreak"},
        {"colour": "red"},
    ],
)
def test_an_item_is_refused_for_one_wrong_field(change: dict[str, Any]) -> None:
    assert CreateItem.model_validate(ITEM)
    with pytest.raises(ValidationError):
        CreateItem.model_validate(ITEM | change)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"item_id": "a", "item_id": "b"}', 'the body has the name "item_id" twice'),
        (b'{"item_id": NaN}', "the body has NaN, which is no JSON"),
        (b'{"item_id": \xff}', "the body is not UTF-8"),
        (b'{"item_id":', "the body is no JSON: Expecting value at character 11"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_reason(body: bytes, sentence: str) -> None:
    gate = gate_of(TokenSettings(), "inventory", "127.0.0.1:1")

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(gate.before(create_application()))
        async with httpx.AsyncClient(transport=transport, base_url="http://inventory") as http:
            return await http.post("/buy-item", content=body, headers={"content-type": "application/json"})

    answer = asyncio.run(post())
    assert (answer.status_code, answer.json()["detail"]) == (400, sentence)
