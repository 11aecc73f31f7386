"""What is accepted on the wire: integers that are integers, ids that are ids, and nothing that was not asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trivet_chassis import InvalidRequest
from trivet_inventory.entrypoints.strictness import StrictRequest
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


def parsed(text: str) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": text.encode(), "more_body": False}

    return asyncio.run(StrictRequest({"type": "http", "headers": []}, receive).json())


def test_a_number_without_a_fraction_is_whole() -> None:
    assert [type(number) for number in parsed("[2, 2.0, 2e0, 2.5, 1e400]")] == [int, int, int, float, float]


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "a": 2}}]', "[NaN]", "[-Infinity]"])
def test_json_that_two_readers_would_read_differently_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parsed(text)
