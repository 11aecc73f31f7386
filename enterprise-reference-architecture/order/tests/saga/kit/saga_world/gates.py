"""Every moment at which a worker can be stopped: before and after each thing that it does to the world.

A gate counts the moments that a worker passes. At the one that a plan names the worker dies, or stands still, with all
its calls, until it is let go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from trivet_order.application.leasing import Lease, ShardLeasesPort
from trivet_order.application.saga import Change, Claim, Command, ParticipantPort, Reply, SagaStorePort


class Crash(BaseException):
    """The process is gone."""


class Gate:
    """What a worker passes at each moment."""

    def __init__(self, dies_at: int | None = None, stands_at: int | None = None) -> None:
        self.passed: list[str] = []
        self.is_standing = False
        self._dies_at = dies_at
        self._stands_at = stands_at
        self._is_dead = False
        self._go_on = asyncio.Event()
        self._go_on.set()

    async def __call__(self, name: str) -> None:
        """Pass, or not."""
        await self._go_on.wait()
        if self._is_dead:
            raise Crash
        self.passed.append(name)
        if len(self.passed) == self._dies_at:
            self._is_dead = True
            raise Crash
        if len(self.passed) == self._stands_at:
            self.stand()
            await self._go_on.wait()

    def stand(self) -> None:
        """Let the worker stand still from its next moment on."""
        self.is_standing = True
        self._go_on.clear()

    def go_on(self) -> None:
        """Let it go on."""
        self.is_standing = False
        self._go_on.set()


class GatedStore:
    """A store as a worker reaches it."""

    def __init__(self, store: SagaStorePort, gate: Gate) -> None:
        self._store = store
        self._gate = gate

    async def claim(self, leases: Sequence[Lease], limit: int, in_hand: Collection[UUID]) -> Claim:
        await self._gate("before a claim")
        claim = await self._store.claim(leases, limit, in_hand)
        await self._gate("after a claim")
        return claim

    async def read(self, leases: Sequence[Lease], order_ids: Collection[UUID]) -> Claim:
        await self._gate("before a reading")
        claim = await self._store.read(leases, order_ids)
        await self._gate("after a reading")
        return claim

    async def record(self, leases: Sequence[Lease], changes: Sequence[Change]) -> Collection[UUID]:
        await self._gate("before a record")
        written = await self._store.record(leases, changes)
        await self._gate("after a record")
        return written


class GatedLeases:
    """The leases as a worker reaches them."""

    def __init__(self, leases: ShardLeasesPort, gate: Gate) -> None:
        self._leases = leases
        self._gate = gate

    async def take(self, shards_max: int, held: Sequence[Lease]) -> Sequence[Lease]:
        await self._gate("before leases are taken")
        taken = await self._leases.take(shards_max, held)
        await self._gate("after leases are taken")
        return taken

    async def rebalance(self, held: Sequence[Lease]) -> Sequence[Lease]:
        await self._gate("before leases are rebalanced")
        taken = await self._leases.rebalance(held)
        await self._gate("after leases are rebalanced")
        return taken

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        await self._gate("before leases are renewed")
        renewed = await self._leases.renew(leases)
        await self._gate("after leases are renewed")
        return renewed

    async def give_back(self, leases: Sequence[Lease]) -> None:
        await self._leases.give_back(leases)


class GatedParticipant:
    """A participant as a worker reaches it: the request may arrive although nobody waits for the answer any more."""

    def __init__(self, participant: ParticipantPort, gate: Gate, name: str, dawdle: Callable[[], int]) -> None:
        self._participant = participant
        self._gate = gate
        self._name = name
        self._dawdle = dawdle

    def ready_in_s(self) -> float:
        return self._participant.ready_in_s()

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        await self._gate(f"before {self._name} is asked")
        for _ in range(self._dawdle()):
            await asyncio.sleep(0)
        replies = await self._participant.send(commands)
        await self._gate(f"after {self._name} has answered")
        return replies
