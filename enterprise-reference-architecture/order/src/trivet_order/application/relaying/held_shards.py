"""The shards that one relay holds: taken, made ready, renewed in time, and given back."""

from __future__ import annotations

from collections.abc import Sequence

from trivet_order.application.relaying.ports import (
    Lease,
    OutboxPort,
    RelayObserverPort,
    RelayPace,
    RelayTimePort,
    ShardLeasesPort,
)

LOOKS_A_LEASE = 5


class HeldShards:
    """What one relay holds.

    Which race: a relay believes in a lease that is over and another's, since it was paused or its clock runs slow. Why
    no guard is needed here: nothing rests on what it believes. Whether a lease holds is asked of the store's clock in
    each claim, and whose it is in each mark.
    """

    def __init__(
        self,
        leases: ShardLeasesPort,
        outbox: OutboxPort,
        time: RelayTimePort,
        observer: RelayObserverPort,
        pace: RelayPace,
    ) -> None:
        self._leases = leases
        self._outbox = outbox
        self._time = time
        self._observer = observer
        self._pace = pace
        self._held: tuple[Lease, ...] = ()
        self._look_at_s = 0.0

    async def hold(self) -> Sequence[Lease]:
        """Return what is held; at times renew it, and take what nobody holds.

        As long as there is something to take, a little of it is taken each turn, so that relays which start together
        end up with about as much each. A relay that starts when all is held takes over when another one ends.
        """
        if self._time.now_s() < self._look_at_s:
            return self._held
        await self._renew()
        taken = await self._leases.take(self._pace.shards_a_turn, self._held)
        if taken:
            reopened = await self._outbox.reopen(taken)
            if reopened:
                self._observer.reopened(reopened)
        else:
            self._look_at_s = self._time.now_s() + self._pace.lease_s / LOOKS_A_LEASE
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
            return
        renewed = set(await self._leases.renew(self._held))
        for lease in self._held:
            if lease not in renewed:
                self._observer.lost(lease)
        self._held = tuple(lease for lease in self._held if lease in renewed)
