"""The timeline is what happened, each event once, whatever the stream does to it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message_adversary import Adversary, project_all
from order_events import POISONS, histories, seeded, told, topic_of, written

from trivet_order.adapters.memory.projections import MemoryProjections, MemoryUnit
from trivet_order.application.messages import Message

SEEDS = range(40)


def _run(random: Random, store: MemoryProjections) -> None:
    """Have an adversary send what some orders told, with poison in between, and judge what became of it."""
    messages = histories(random, orders=random.randint(1, 6))
    poisons = random.sample(POISONS, random.randint(0, 4))
    refused = [message for message in messages if not store.stores(message)]
    records = topic_of(random, messages, poisons)
    bodies = {message.body for message in refused}
    expected = {record.place for record in records if record.value in poisons or record.value in bodies}
    asyncio.run(project_all(Adversary(random, records), store))
    assert written(store.entries) == told(message for message in messages if message not in refused)
    assert set(store.aside) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_the_timeline_equals_the_events_each_once(seed: int) -> None:
    _run(seeded(seed), MemoryProjections())


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_timeline_equals_the_events_in_any_schedule(random: Random) -> None:
    _run(random, MemoryProjections())


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_database_refuses_is_parked_and_the_rest_arrives(seed: int) -> None:
    def stores(message: Message) -> bool:
        return message.event_id.int % 5 != 0

    _run(seeded(seed), MemoryProjections(stores))


class _NoInbox(MemoryUnit):
    """Every event is new, however often it comes."""

    async def admit(self, event_ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(event_ids)


class _WithoutInbox(MemoryProjections):
    @asynccontextmanager
    async def open(self) -> Any:
        async with self._turn:
            yield _NoInbox(self)


def test_without_the_inbox_the_adversary_is_seen() -> None:
    found = 0
    for seed in SEEDS:
        try:
            _run(seeded(seed), _WithoutInbox())
        except AssertionError:
            found += 1
    assert found > len(SEEDS) // 2
