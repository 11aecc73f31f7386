"""How holders that come and go share shards out among them, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from trivet_order.adapters.memory.shard_leases import LeaseTable, MemoryShardLeases
from trivet_order.application.leasing import LOOKS_A_LEASE, HeldShards, Lease, LeasePace

LEASE_S = 5.0
LOOK_S = LEASE_S / LOOKS_A_LEASE + 0.001
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Hall:
    """Leases, the time, holders who look at it by turns, and who is told what they lose."""

    def __init__(self) -> None:
        self.clock_s = 0.0
        self.table = LeaseTable(lambda: BEGAN + timedelta(seconds=self.clock_s))
        self.gone: list[Lease] = []
        self.overslept = 0
        self.made_ready: list[Lease] = []

    def holder(self, name: str) -> HeldShards:
        """Return one that holds nothing yet."""
        leases = MemoryShardLeases(self.table, name, LEASE_S)
        return HeldShards(leases, self, self, LeasePace(LEASE_S, 4), self.ready)

    async def looks(self, *holders: HeldShards) -> list[int]:
        """Let each of them look once, and return how much each believes that it holds."""
        self.clock_s += LOOK_S
        return [len(await each.hold()) for each in holders]

    async def ready(self, taken: Sequence[Lease]) -> None:
        self.made_ready.extend(taken)

    def now_s(self) -> float:
        return self.clock_s

    async def pause(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def holds(self, shards: int) -> None:
        assert shards >= 0

    def lost(self, lease: Lease, *, in_time: bool) -> None:
        self.gone.append(lease)
        self.overslept += not in_time


async def filled(hall: Hall, name: str) -> HeldShards:
    """Return a holder of every shard."""
    holder = hall.holder(name)
    while len(await holder.hold()) < len(hall.table.rows):
        pass
    return holder


async def test_who_comes_when_all_is_held_has_a_shard_more_after_each_look() -> None:
    hall = Hall()
    first = await filled(hall, "a")
    late = hall.holder("b")
    for look in range(1, 9):
        assert (await hall.looks(late, first)) == [look, 16 - look]
    assert await hall.looks(late, first) == [8, 8]
    assert [lease.shard for lease in hall.gone] == [lease.shard for lease in hall.made_ready[16:]]
    assert all(lease.fence == 2 for lease in hall.made_ready[16:]), "nobody takes back what was taken of him"
    assert hall.overslept == 0


async def test_who_oversleeps_its_leases_is_told_apart_from_whom_some_were_taken() -> None:
    hall = Hall()
    first, second = await filled(hall, "a"), hall.holder("b")
    hall.clock_s += LEASE_S
    await second.hold()
    assert len(await first.hold()) == 12
    assert [(lease.shard, lease.fence) for lease in hall.gone] == [(shard, 1) for shard in range(4)]
    assert hall.overslept == 4


async def test_any_number_of_holders_come_to_rest() -> None:
    hall = Hall()
    holders = [await filled(hall, "a")]
    for name in "bcdefg":
        holders.append(hall.holder(name))
        await hall.looks(*holders)
    for _ in range(16):
        held = await hall.looks(*holders)
    made_ready = len(hall.made_ready)
    assert sorted(held) == [2, 2, 2, 2, 2, 3, 3]
    assert await hall.looks(*holders) == held
    assert len(hall.made_ready) == made_ready


async def test_what_a_holder_gives_back_at_its_end_is_shared_by_who_is_left() -> None:
    hall = Hall()
    first, second = await filled(hall, "a"), hall.holder("b")
    for _ in range(9):
        await hall.looks(first, second)
    await first.give_back()
    for _ in range(2):
        held = await hall.looks(second)
        await second.hold()
    assert held == [16]
