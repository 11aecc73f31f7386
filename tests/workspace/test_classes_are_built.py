"""Every class, member and arrow of the class diagram (docs/architecture.md, 3.1) is in the order's code.

What stands in the diagram was asked for. What its classes have beyond it is listed here, and told under the diagram.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, get_args, get_type_hints
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncSession

import trivet_order
from trivet_order.adapters.memory import MemoryPublisher, MemoryRepository, MemoryStore, Transaction
from trivet_order.application import CreateOrder, Wanted
from trivet_order.domain import ORDER_EVENTS, OrderAggregate, OrderLine, OrderStatus, Stock

ROOT = Path(__file__).resolve().parents[2]
DIAGRAM = (Path(__file__).parent / "asked" / "3.1-hexagonal-classes.mmd").read_text()
SECTION = (ROOT / "docs" / "architecture.md").read_text().split("### 3.1 Hexagonal")[1].split("\n### ")[0]
BEYOND = " ".join(SECTION.partition("**Beyond the diagram:**")[2].split())
ARROW = re.compile(r"^\s*(\w+) (\*--|-->|--\|>) (\w+) : (\w+)$", re.MULTILINE)
AT = datetime(2026, 1, 31, tzinfo=UTC)

# How the diagram writes what Python calls otherwise.
TYPES: dict[str, Any] = {
    "UUID": UUID,
    "DateTime": datetime,
    "OrderStatus": OrderStatus,
    "List[OrderLine]": list,
    "AsyncSession": AsyncSession,
    "AIOKafka": AIOKafkaProducer,
}

# What is there and was not asked for, with the words that tell of it under the diagram.
MORE_MEMBERS = {
    "OrderAggregate": {
        "id", "items", "status", "customer_id", "account_id", "version", "total", "cancellation_requested",
        "cancel_reason", "place", "begin", "mark_reserved", "request_payment", "cancel", "request_cancellation",
        "pull_events",
    },
    "DomainEvent": set(),
    "OrderRepositoryPort": set(),
    "EventPublisherPort": set(),
    "CreateOrderUseCase": set(),
    "SqlAlchemyRepository": {"get_by_id"},
    "KafkaPublisher": {"send"},
}  # fmt: skip
MORE_ARROWS = {("CreateOrderUseCase", "EventPublisherPort"): "`CreateOrderUseCase` uses `EventPublisherPort`"}
TOLD = [*sorted(MORE_MEMBERS["OrderAggregate"] - {"id", "items", "status"}), "get_by_id", "send", *MORE_ARROWS.values()]


class Member(NamedTuple):
    """A field (``what`` is its type) or a method (``what`` is the names of its parameters) of a class."""

    owner: str
    is_public: bool
    name: str
    what: str | tuple[str, ...]


def classes(diagram: str) -> dict[str, str]:
    """Return what stands in each class of a diagram."""
    return dict(re.findall(r"^\s*class (\w+) \{\n(.*?)^\s*\}", diagram, re.MULTILINE | re.DOTALL))


def members(diagram: str) -> list[Member]:
    """Return every member of every class of a diagram."""
    found = []
    for owner, text in classes(diagram).items():
        for sign, name, kind in re.findall(r"^\s*([+-])(\w+): (\S+)$", text, re.MULTILINE):
            found.append(Member(owner, sign == "+", name, kind))
        for sign, name, words in re.findall(r"^\s*([+-])(\w+)\((.*?)\)$", text, re.MULTILINE):
            found.append(Member(owner, sign == "+", name, tuple(re.findall(r"\w+", words))))
    return found


def arrows(diagram: str) -> set[tuple[str, str, str, str]]:
    """Return every arrow of a diagram: from, how, to, and why."""
    return set(ARROW.findall(diagram))


def built() -> dict[str, type]:
    """Return every class of the member, by its name."""
    found = {}
    for module in pkgutil.walk_packages(trivet_order.__path__, "trivet_order."):
        if not re.search(r"\.migrations\.|\.env$", module.name):
            there = vars(importlib.import_module(module.name)).values()
            found |= {each.__name__: each for each in there if inspect.isclass(each) and each.__module__ == module.name}
    return found


BUILT = built()
ASKED = {name: BUILT[name] for name in classes(DIAGRAM) if name in BUILT}
MEMBERS = [member for member in members(DIAGRAM) if member.owner in ASKED]
ARROWS = sorted(arrow for arrow in arrows(DIAGRAM) if {arrow[0], arrow[2]} <= ASKED.keys())


def an_order() -> OrderAggregate:
    order = OrderAggregate(UUID(int=1), customer_id="alice", account_id="alice-eur")
    order.add_item(Stock("umbrella"), 1)
    return order


def a_use_case() -> Any:
    transaction = Transaction(MemoryStore())
    return ASKED["CreateOrderUseCase"](MemoryRepository(transaction), MemoryPublisher(transaction))


# One object of each class that has something private.
OBJECTS: dict[str, Callable[[], Any]] = {
    "OrderAggregate": an_order,
    "CreateOrderUseCase": a_use_case,
    "SqlAlchemyRepository": lambda: ASKED["SqlAlchemyRepository"](AsyncSession()),
    "KafkaPublisher": lambda: ASKED["KafkaPublisher"](object.__new__(AIOKafkaProducer)),
}


def parameters(method: Callable[..., Any]) -> list[str]:
    """Return the names of what a method must be given."""
    found = list(inspect.signature(method).parameters.values())[1:]
    return [each.name for each in found if each.default is each.empty]


def public(cls: type) -> set[str]:
    """Return the names of a class's own public members."""
    return {name for name in {*vars(cls), *vars(cls).get("__annotations__", {})} if not name.startswith("_")}


def test_a_class_that_is_asked_for_is_there_unless_the_page_says_otherwise() -> None:
    missing = sorted(classes(DIAGRAM).keys() - ASKED.keys())
    status, _, told = SECTION.partition("**Status: ")[2].partition(".**")
    assert status == ("partly built" if missing else "built")
    assert [name for name in missing if f"`{name}` is to come" not in told] == []


@pytest.mark.parametrize("member", [each for each in MEMBERS if isinstance(each.what, tuple)], ids=str)
def test_a_method_has_the_name_and_the_parameters_that_were_asked_for(member: Member) -> None:
    method = getattr(ASKED[member.owner], member.name)
    assert inspect.isfunction(method)
    assert tuple(parameters(method)) == member.what


@pytest.mark.parametrize("member", [e for e in MEMBERS if isinstance(e.what, str) and e.is_public], ids=str)
def test_a_public_field_has_its_type(member: Member) -> None:
    assert isinstance(member.what, str)
    assert get_type_hints(ASKED[member.owner])[member.name] is TYPES[member.what]


@pytest.mark.parametrize("member", [e for e in MEMBERS if isinstance(e.what, str) and not e.is_public], ids=str)
def test_a_private_field_is_given_at_the_beginning_and_kept(member: Member) -> None:
    assert isinstance(member.what, str)
    cls, kept = ASKED[member.owner], OBJECTS[member.owner]()
    hint = get_type_hints(cls.__init__)[member.name]  # type: ignore[misc]  # of this very class
    value = vars(kept)[f"_{member.name}"]
    if member.what == "List[OrderLine]":
        assert get_args(hint) == (OrderLine,)
        assert isinstance(value, list)
        assert [type(each) for each in value] == [OrderLine]
    elif member.what in TYPES:
        assert hint is TYPES[member.what]
        assert isinstance(value, TYPES[member.what])
    else:
        assert hint is ASKED[member.what]


@pytest.mark.parametrize("cls", [name for name, text in classes(DIAGRAM).items() if "<<Interface>>" in text])
def test_an_interface_is_a_protocol(cls: str) -> None:
    assert Protocol in ASKED[cls].__bases__


@pytest.mark.parametrize("arrow", [arrow for arrow in ARROWS if arrow[1] == "--|>"], ids=" ".join)
def test_an_adapter_implements_its_port(arrow: tuple[str, str, str, str]) -> None:
    adapter, port = ASKED[arrow[0]], ASKED[arrow[2]]
    for name in public(port):
        ours, asked = getattr(adapter, name), getattr(port, name)
        assert inspect.iscoroutinefunction(ours)
        assert parameters(ours) == parameters(asked), name
        assert get_type_hints(ours)["return"] == get_type_hints(asked)["return"], name


@pytest.mark.parametrize("arrow", [arrow for arrow in ARROWS if arrow[3] == "uses"], ids=" ".join)
def test_a_use_case_is_given_the_port_that_it_uses(arrow: tuple[str, str, str, str]) -> None:
    assert ASKED[arrow[2]] in get_type_hints(ASKED[arrow[0]].__init__).values()  # type: ignore[misc]  # of this class


def test_the_use_case_manipulates_the_aggregate_and_publishes_what_it_emits() -> None:
    saved: list[object] = []
    published: list[object] = []

    class Repo:
        async def save(self, order: object) -> None:
            saved.append(order)

    class Publisher:
        async def publish(self, events: Sequence[object]) -> None:
            published.extend(events)

    command = CreateOrder(UUID(int=1), "alice", "alice-eur", (Wanted(Stock("umbrella"), 1),), AT)
    asyncio.run(ASKED["CreateOrderUseCase"](Repo(), Publisher()).execute(command))
    assert [type(each) for each in saved] == [ASKED["OrderAggregate"]]
    assert len(published) == 1
    assert all(isinstance(each, ASKED["DomainEvent"]) for each in published)
    assert all(issubclass(each, ASKED["DomainEvent"]) for each in ORDER_EVENTS)


def test_every_arrow_is_one_of_those() -> None:
    assert {(how, why) for _, how, _, why in arrows(DIAGRAM)} == {
        ("*--", "emits"),
        ("-->", "manipulates"),
        ("-->", "uses"),
        ("--|>", "implements"),
    }


@pytest.mark.parametrize("name", ASKED)
def test_what_a_class_has_in_addition_is_listed(name: str) -> None:
    asked = {member.name for member in MEMBERS if member.owner == name and member.is_public}
    assert public(ASKED[name]) - asked == MORE_MEMBERS[name]


def test_what_is_used_in_addition_is_listed() -> None:
    hints = get_type_hints(ASKED["CreateOrderUseCase"].__init__)  # type: ignore[misc]  # of this very class
    used = {("CreateOrderUseCase", hint.__name__) for hint in hints.values() if hint in ASKED.values()}
    assert used - {(source, target) for source, _, target, _ in arrows(DIAGRAM)} == set(MORE_ARROWS)


@pytest.mark.parametrize("words", TOLD)
def test_what_is_there_in_addition_is_told(words: str) -> None:
    assert (words if "`" in words else f"`{words}`") in BEYOND


def test_nothing_is_asked_for_that_is_not_read() -> None:
    """The comparisons above are worth what they read: each word of the diagram is changed once, and is missed."""
    for word in re.finditer(r"\w+", DIAGRAM):
        line = DIAGRAM[: word.end()].rsplit("\n", 1)[-1]
        if word[0] == "classDiagram" or "%%" in line:
            continue
        mutant = DIAGRAM[: word.start()] + "Planted" + DIAGRAM[word.end() :]
        read = classes(mutant), members(mutant), arrows(mutant)
        assert read != (classes(DIAGRAM), members(DIAGRAM), arrows(DIAGRAM)), word[0]
