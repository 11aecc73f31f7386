"""What is promised to readers of the topic: the committed document, and events of each version that load for ever."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_order.application import VERSIONS, UnreadableMessage, event_of, messages, read, tell
from trivet_order.domain import ORDER_EVENTS, Money, OrderAggregate, OrderEvent, Seat, Stock
from trivet_order.entrypoints import cli
from trivet_order.entrypoints.event_document import event_document
from trivet_order.entrypoints.event_schemas import DATA, schema_of

CONTRACTS = Path(__file__).parents[4] / "contracts" / "events"
GOLDEN = CONTRACTS / "golden" / "order"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def golden() -> list[Path]:
    return sorted(GOLDEN.glob("*.json"))


@functools.cache
def validator(kind: str, version: int) -> jsonschema.Draft202012Validator:
    schema = schema_of(kind, version)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def validate(body: Any, kind: str, version: int) -> None:
    validator(kind, version).validate(body)


def histories() -> Iterator[tuple[OrderEvent, ...]]:
    """Yield what happens to an order that is bought, to one that is given up, and to one that is refused."""
    at = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
    for ending in ("bought", "given up", "refused"):
        order = OrderAggregate(UUID(int=7), customer_id="customer-ü", account_id="account-1")
        order.add_item(Stock("umbrella"), 3)
        order.add_item(Seat("hamlet", "hold-1", "a-secret-token"), 1)
        order.place()
        if ending != "refused":
            order.begin()
            order.mark_reserved([Money(2_500, "EUR"), Money(0, "EUR")])
            order.request_payment()
        if ending == "bought":
            order.mark_paid()
        elif ending == "given up":
            order.request_cancellation()
        if ending != "bought":
            order.cancel("no more “umbrellas”")
        yield order.pull_events(at)


def test_the_committed_document_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    cli.events()
    assert capsys.readouterr().out == (CONTRACTS / "order.json").read_text()


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = event_document()

    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (value for key, value in node.items() if key == "$ref")
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    found = list(references(document))
    assert len(found) >= 2 * len(DATA)
    for reference in found:
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_every_version_has_a_schema_a_reader_and_a_golden_event() -> None:
    readable = set(messages._READERS)
    assert set(DATA) == readable
    assert {(kind.__name__, VERSIONS[kind]) for kind in ORDER_EVENTS} <= readable
    assert {path.stem for path in golden()} == {f"{kind}.v{version}" for kind, version in readable}


@pytest.mark.parametrize("path", golden(), ids=lambda path: path.stem)
def test_a_golden_event_is_valid_and_loads(path: Path) -> None:
    body = path.read_bytes()
    kind, _, version = path.stem.partition(".v")
    validate(json.loads(body), kind, int(version))
    message = read(body)
    assert (message.type, message.version) == (kind, int(version))
    assert type(event_of(message)).__name__ == kind


@pytest.mark.parametrize("path", golden(), ids=lambda path: path.stem)
def test_a_golden_event_of_today_is_told_the_same_way(path: Path) -> None:
    message = read(path.read_bytes())
    event = event_of(message)
    if VERSIONS[type(event)] == message.version:
        assert json.loads(tell(event, message.traceparent).body) == json.loads(message.body)


def test_what_orders_tell_is_valid_and_the_schema_names_all_of_it() -> None:
    told: set[str] = set()
    for history in histories():
        for event in history:
            for traceparent in (None, TRACEPARENT):
                body = json.loads(tell(event, traceparent).body)
                validate(body, body["type"], body["version"])
                schema = schema_of(body["type"], body["version"])
                assert set(body) == set(schema["properties"])
                assert set(body["data"]) == set(schema["properties"]["data"]["properties"])
                assert "a-secret-token" not in json.dumps(body)
                told.add(body["type"])
    assert told == {kind.__name__ for kind in ORDER_EVENTS}


@given(st.data())
def test_what_lacks_a_property_is_refused_by_the_schema_and_by_the_reader(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(golden()))
    body = json.loads(path.read_bytes())
    target = data.draw(st.sampled_from([body, body["data"]] if body["data"] else [body]))
    del target[data.draw(st.sampled_from(sorted(target)))]
    kind, _, version = path.stem.partition(".v")
    with pytest.raises(jsonschema.ValidationError):
        validate(body, kind, int(version))
    with pytest.raises(UnreadableMessage):
        read(json.dumps(body).encode())


@given(path=st.sampled_from(golden()), name=st.text(min_size=1), value=st.none() | st.integers() | st.text())
def test_a_reader_lets_pass_what_it_does_not_know(path: Path, name: str, value: object) -> None:
    body = json.loads(path.read_bytes())
    known = event_of(read(json.dumps(body).encode()))
    body["data"][f"x-{name}"] = value
    validate(body, body["type"], body["version"])
    assert event_of(read(json.dumps(body).encode())) == known
