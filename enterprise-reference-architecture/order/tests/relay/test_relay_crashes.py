"""Relays die and stand still at every moment between two effects; what the topic holds afterwards is whole."""

from __future__ import annotations

import asyncio

import pytest
from relay_grounds import Shop

from trivet_order.failpoints import FAILPOINTS
from trivet_order.migrations import migrate
from trivet_platform import Kafka, Postgres, Supervisor

MOMENTS = [name for name in FAILPOINTS if name.startswith("order.relay.")]
# A relay that has sent what it did not mark has it sent again.
TWICE = {"order.relay.after_ack"}


def test_the_relay_has_all_its_moments() -> None:
    assert [name.rpartition(".")[2] for name in MOMENTS] == [
        "after_claim",
        "before_send",
        "after_send",
        "after_ack",
        "after_mark",
    ]


async def test_one_relay_dies_another_stands_still_and_a_third_goes_on(
    supervisor: Supervisor, kafka: Kafka, database_url: str
) -> None:
    """One dies between an acknowledgement and its mark, and one sleeps before a send until another has its shards."""
    async with Shop(supervisor, kafka, database_url, seed=1) as shop:
        async with shop.writing():
            victim = await shop.relay(TRIVET_FAILPOINTS="order.relay.after_ack=kill@2")
            sleeper = await shop.relay(TRIVET_FAILPOINTS="order.relay.before_send=pause:90000@2")
            await shop.died(victim)
            await shop.tells(sleeper, "failpoint")
            survivor = await shop.relay()
            await shop.overtaken(sleeper)
            await shop.tells(sleeper, "lease lost")
        copies = await shop.drained()
        assert copies > 0, "one died between an acknowledgement and its mark"
        assert [(line["name"], line["action"]) for line in shop.told(victim)] == [("order.relay.after_ack", "kill")]
        assert [line["action"] for line in shop.told(sleeper)] == ["pause:90000"]
        assert sleeper.pids
        assert survivor.pids


@pytest.mark.long
async def test_relays_that_die_at_every_moment_at_once_lose_nothing(
    supervisor: Supervisor, kafka: Kafka, database_url: str
) -> None:
    async with Shop(supervisor, kafka, database_url, seed=2) as shop:
        async with shop.writing():
            victims = [await shop.relay(TRIVET_FAILPOINTS=f"{name}=kill@2") for name in MOMENTS]
            for name, victim in zip(MOMENTS, victims, strict=True):
                await shop.died(victim)
                (line,) = shop.told(victim)
                assert (line["name"], line["action"]) == (name, "kill")
            survivor = await shop.relay()
        assert await shop.drained() > 0
        assert survivor.pids


@pytest.mark.long
async def test_a_relay_that_is_told_to_end_gives_its_shards_back(
    supervisor: Supervisor, kafka: Kafka, database_url: str
) -> None:
    async with Shop(supervisor, kafka, database_url, seed=3) as shop:
        await shop.write(20)
        first = await shop.relay(TRIVET_ORDER_RELAY_LEASE_MS="60000")
        await shop.drained()
        async with shop.writing():
            await asyncio.to_thread(first.stop)
        assert shop.told(first, "stopped")
        await shop.write(5)
        await shop.relay(TRIVET_ORDER_RELAY_LEASE_MS="60000")
        assert await shop.drained() == 0, "it ended after a batch, and not within one"


@pytest.mark.long
@pytest.mark.parametrize("hit", [1, 3, 7])
@pytest.mark.parametrize("name", MOMENTS)
async def test_a_relay_that_dies_at_a_moment_loses_nothing(
    name: str, hit: int, supervisor: Supervisor, kafka: Kafka, database_url: str
) -> None:
    async with Shop(supervisor, kafka, database_url, seed=hit) as shop:
        victim = await shop.relay(TRIVET_FAILPOINTS=f"{name}=kill@{hit}")
        async with shop.writing():
            await shop.died(victim)
        (line,) = shop.told(victim)
        assert (line["name"], line["action"], line["hit"]) == (name, "kill", hit)
        await shop.relay()
        copies = await shop.drained()
        assert copies > 0 or name not in TWICE


@pytest.mark.long
@pytest.mark.parametrize("name", MOMENTS)
async def test_a_relay_that_stood_still_at_a_moment_does_no_harm(
    name: str, supervisor: Supervisor, kafka: Kafka, database_url: str
) -> None:
    async with Shop(supervisor, kafka, database_url, seed=7) as shop:
        async with shop.writing():
            sleeper = await shop.relay(TRIVET_FAILPOINTS=f"{name}=pause:90000@3")
            await shop.tells(sleeper, "failpoint")
            other = await shop.relay()
            await shop.overtaken(sleeper)
            await shop.tells(sleeper, "lease lost")
        await shop.drained()
        assert sleeper.pids, "it goes on"
        assert other.pids


@pytest.mark.long
async def test_a_relay_fails_at_every_moment_and_goes_on(
    supervisor: Supervisor, kafka: Kafka, database_url: str
) -> None:
    async with Shop(supervisor, kafka, database_url, seed=4) as shop:
        plan = ",".join(f"{name}=error@{hit}" for hit, name in enumerate(MOMENTS, start=2))
        relay = await shop.relay(TRIVET_FAILPOINTS=plan)
        async with shop.writing():
            await shop.tells(relay, "failpoint", len(MOMENTS))
        await shop.drained()
        assert len(shop.told(relay, "relaying failed")) == len(MOMENTS)


@pytest.mark.long
async def test_kafka_dies_under_load_and_comes_back(supervisor: Supervisor, database_url: str) -> None:
    own = Kafka("kafka-that-dies")
    await asyncio.to_thread(supervisor.start, own)
    try:
        async with Shop(supervisor, own, database_url, seed=5) as shop:
            async with shop.writing():
                relays = [await shop.relay(), await shop.relay()]
                for _ in range(3):
                    await shop.marks(20)
                    await asyncio.to_thread(own.kill)
                    await shop.commits(100)
                    await asyncio.to_thread(supervisor.start, own)
            await shop.drained()
            assert all(relay.pids for relay in relays)
    finally:
        await asyncio.to_thread(supervisor.stop, own)


@pytest.mark.long
async def test_postgresql_restarts_under_load(supervisor: Supervisor, kafka: Kafka) -> None:
    own = Postgres("postgres-that-restarts")
    await asyncio.to_thread(supervisor.start, own)
    url = await asyncio.to_thread(own.create_database, "order")
    await asyncio.to_thread(migrate, url)
    try:
        async with Shop(supervisor, kafka, url, seed=6) as shop:
            async with shop.writing():
                relays = [await shop.relay(), await shop.relay()]
                for end in (own.kill, own.stop):
                    await shop.marks(20)
                    await asyncio.to_thread(end)
                    await shop.is_refused()
                    await asyncio.to_thread(supervisor.start, own)
            await shop.drained()
            assert all(relay.pids for relay in relays)
    finally:
        await asyncio.to_thread(supervisor.stop, own)
