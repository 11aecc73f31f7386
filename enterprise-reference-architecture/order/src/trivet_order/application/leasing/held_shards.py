"""The shards that one process holds: taken, made ready, renewed in time, and given back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from trivet_order.application.leasing.ports import Lease, LeaseObserverPort, LeasePace, ShardLeasesPort, TimePort

LOOKS_A_LEASE = 5


class HeldShards:
    """What one process holds.

    Which race: a holder believes in a lease that is over and another's, since it was paused or its clock runs slow.
    Why no guard is needed here: nothing rests on what it believes. Whether a lease holds is asked of the store's clock
    in each claim, and whose it is in each write.

    Args:
        leases: of the shards.
        time: which says when to look again.
        observer: who is told.
        pace: how long a lease lasts, and how many are taken at once.
        ready: is awaited with what was taken, before anything is done under it.
    """

    def __init__(
        self,
        leases: ShardLeasesPort,
        time: TimePort,
        observer: LeaseObserverPort,
        pace: LeasePace,
        ready: Callable[[Sequence[Lease]], Awaitable[None]],
    ) -> None:
        self._leases = leases
        self._time = time
        self._observer = observer
        self._pace = pace
        self._ready = ready
        self._held: tuple[Lease, ...] = ()
        self._look_at_s = 0.0
        self._renewed_at_s = 0.0

    async def hold(self) -> Sequence[Lease]:
        """Return what is held; at times renew it, and take what nobody holds.

        As long as there is something free, a little of it is taken each turn, so that processes which start together
        end up with about as much each. One that starts when all is held takes one shard a look of whoever has most:
        slowly, for what is in its holder's hand then is done twice.
        """
        if self._time.now_s() < self._look_at_s:
            return self._held
        await self._renew()
        taken = await self._leases.take(self._pace.shards_a_turn, self._held)
        if not taken:
            taken = await self._leases.rebalance(self._held)
            self._look_at_s = self._time.now_s() + self._pace.lease_s / LOOKS_A_LEASE
        if taken:
            await self._ready(taken)
        self._held = (*self._held, *taken)
        self._observer.holds(len(self._held))
        return self._held

    async def give_back(self) -> None:
        """Let others have them at once."""
        held, self._held = self._held, ()
        if held:
            await self._leases.give_back(held)
        self._observer.holds(0)

    async def _renew(self) -> None:
        if not self._held:
            self._renewed_at_s = self._time.now_s()
            return
        in_time = self._time.now_s() < self._renewed_at_s + self._pace.lease_s
        renewed = set(await self._leases.renew(self._held))
        self._renewed_at_s = self._time.now_s()
        for lease in self._held:
            if lease not in renewed:
                self._observer.lost(lease, in_time=in_time)
        self._held = tuple(lease for lease in self._held if lease in renewed)
