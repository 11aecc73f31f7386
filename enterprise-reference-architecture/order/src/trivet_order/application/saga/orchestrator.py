"""Takes many checkouts at once through their steps: claim, decide, record, ask, and again.

**What is sent was recorded.** A command belongs to a state, and goes out only after the record of that state was
committed. Whoever claims a saga after a crash finds the state, and sends the very same commands: their keys follow
from the order. So a worker may die, or stand still for an hour, between any two lines here.

**What is recorded was decided on what is there.** Each change is written only under the lease of its shard, and only
if saga and order are at the versions that it was decided on. A worker that was paused past its lease, or two with one
saga, or a customer who cancels meanwhile: the second one's change is refused, the saga is read anew, and whatever the
participants did meanwhile they answer again.

**Nothing waits for a timer on its way.** What is decided while a record is in flight goes with the next one
(``writer.py``), what is asked while calls are in flight goes with the next ones (``lanes.py``), and a saga stays in
hand from its claim to its end, unless a participant gives no answer: then it is put down with the time of the next
try, and makes room. Timers there are two: how often to look for what is due, and how long a try is put off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from trivet_order.application.errors import DataRefused, StoreUnavailable
from trivet_order.application.leasing import HeldShards, Lease, LeasePace, ShardLeasesPort, TimePort
from trivet_order.application.saga.advancing import advance
from trivet_order.application.saga.asking import SIDES, Side, commands_of
from trivet_order.application.saga.avoided import Avoided
from trivet_order.application.saga.deciding import Decision, decide
from trivet_order.application.saga.hand import Hand, InHand
from trivet_order.application.saga.lanes import Asked, Lane, Spawn
from trivet_order.application.saga.looking import first_event
from trivet_order.application.saga.operating import is_parking, park
from trivet_order.application.saga.pace import SagaPace
from trivet_order.application.saga.ports import (
    Change,
    Claim,
    ParticipantPort,
    SagaObserverPort,
    SagaStorePort,
)
from trivet_order.application.saga.replies import NoAnswer, Reply
from trivet_order.application.saga.states import ENDS
from trivet_order.application.saga.store_clock import StoreClock
from trivet_order.application.saga.writer import CombiningWriter, Decided
from trivet_order.domain import OrderError

_UNHEARD = NoAnswer("not heard yet")


@dataclass(frozen=True, slots=True)
class Participants:
    """Whom a checkout asks."""

    stock: ParticipantPort
    seats: ParticipantPort
    wallet: ParticipantPort


class Orchestrator:
    """One worker; any number of them may run.

    Args:
        store: where sagas and orders are.
        leases: who works on which shard.
        participants: who is asked.
        time: what is waited with.
        observer: who is told.
        pace: how much at once, and how long to wait.
        jitter: a random number from 0 to 1, so that workers which failed together do not try again together.
        failpoint: is awaited between any two effects, with its name.
    """

    def __init__(
        self,
        store: SagaStorePort,
        leases: ShardLeasesPort,
        participants: Participants,
        *,
        time: TimePort,
        observer: SagaObserverPort,
        pace: SagaPace,
        jitter: Callable[[], float],
        failpoint: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._shards = HeldShards(leases, time, observer, LeasePace(pace.lease_s, pace.shards_a_turn), _be_ready)
        self._participants = participants
        self._time = time
        self._observer = observer
        self._pace = pace
        self._jitter = jitter
        self._failpoint = failpoint
        self._clock = StoreClock(time)
        self._leases: dict[int, Lease] = {}
        self._defects: dict[UUID, str] = {}
        self._avoided = Avoided(time, pace.retry_max_s)
        self._pause_s = pace.busy_pause_s
        self._is_stopping = False
        self._hand = Hand(pace.in_hand_max)
        self._writer: CombiningWriter
        self._lanes: Mapping[Side, Lane]

    @property
    def is_stopping(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._is_stopping

    def stop(self) -> None:
        """Claim nothing more, and end after what is in flight."""
        self._is_stopping = True

    async def run(self) -> None:
        """Work until :meth:`stop`, then give the shards back; a store that is away is waited for.

        What is in flight at the stop is waited for and recorded, as due at once for whoever takes over; what was not
        sent yet is left. If a defect ends it before, it may be run again: all that was in hand is read anew.
        """
        self._hand.outdate_all()
        async with asyncio.TaskGroup() as tasks:
            self._make_ways(tasks.create_task)
            while not self._is_stopping:
                try:
                    pause_s = self._pause_after(*await self.turn())
                except StoreUnavailable as error:
                    self._observer.away(error)
                    pause_s = self._pace.idle_pause_s
                await self._time.pause(pause_s)
            for lane in self._lanes.values():
                lane.clear()
        try:
            await self._shards.give_back()
        except StoreUnavailable as error:
            self._observer.away(error)

    async def turn(self) -> tuple[int, int]:
        """Take in hand what is due, as far as there is room; return how many, and how many it might have been.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        leases = await self._shards.hold()
        if set(leases) != set(self._leases.values()):
            self._leases = {lease.shard: lease for lease in leases}
            self._hand.keep(leases)
        if not leases:
            return 0, 0
        if self._hand.stale:
            anew = set(self._hand.stale)
            read = await self._store.read(leases, anew)
            self._hand.stale -= anew
            for gone in anew - {found.saga.order_id for found in read.found}:
                self._defects.pop(gone, None)
            self._take(read)
        limit = min(self._pace.batch, self._hand.room)
        if not limit:
            return 0, 0
        claim = await self._store.claim(leases, limit, [*self._hand.ids(), *self._avoided.ids()])
        if claim.found:
            await self._failpoint("order.saga.after_claim")
        self._take(claim)
        return len(claim.found), limit

    def _take(self, claim: Claim) -> None:
        """Take sagas in hand, and decide or ask what comes first about each."""
        self._clock.hear(claim.now)
        for found in claim.found:
            saga = found.saga
            lease = self._leases.get(saga.shard)
            if saga.parked is not None or saga.state in ENDS or lease is None:
                continue
            each = self._hand.take(found, lease)
            if each is None:
                continue
            defect = self._defects.pop(saga.order_id, None)
            if defect is not None:
                self._writer.put(each, park(found, defect))
                continue
            event = first_event(saga, found.order, claim.now)
            if event is None:
                self._ask(each)
            else:
                self._advance(each, Decision(event), claim.now)

    def _ask(self, each: InHand) -> None:
        """Send the commands of the state that a saga is recorded in."""
        try:
            commands = commands_of(each.saga.state, each.order)
        except ValueError as error:
            self._set_aside(each, f"{each.saga.state}: {error}")
            return
        each.commands = commands
        each.missing = len(commands)
        each.replies = [_UNHEARD] * len(commands)
        for number, command in enumerate(commands):
            self._lanes[SIDES[type(command)]].put(Asked(each, number, command))

    def _hear(self, asked: Sequence[Asked], replies: Sequence[Reply]) -> None:
        """Take replies to what was asked, and decide where all of a step are there."""
        now = self._clock.now()
        for (each, number, _), reply in zip(asked, replies, strict=True):
            if not each.is_held:
                continue
            each.replies[number] = reply
            each.missing -= 1
            if not each.missing:
                self._advance(each, decide(each.saga.state, each.order, each.commands, each.replies), now)

    def _advance(self, each: InHand, decision: Decision, now: datetime) -> None:
        """Have written what an event makes of a saga."""
        try:
            change = advance(each.saga, each.order, decision, now, self._pace, self._jitter)
        except (OrderError, ValueError) as error:
            self._set_aside(each, f"{decision.event}: {error}")
            return
        if self._is_stopping and change.due_in_s is not None and change.after.state is not change.before.state:
            change = replace(change, due_in_s=0.0)
        self._writer.put(each, change)

    def _set_aside(self, each: InHand, why: str) -> None:
        """Have a saga parked that goes no way, which is a defect: if it ended the worker, it would end every one."""
        self._defects[each.saga.order_id] = f"a defect: {why}"
        self._hand.outdate(each)

    def _go_on(self, batch: Sequence[Decided], written: Collection[UUID]) -> None:
        """Ask what comes next of what was written, and read the rest anew."""
        for each, change in batch:
            if not each.is_held:
                continue
            if change.before.order_id not in written:
                self._hand.outdate(each)
                continue
            each.saga = after = change.after
            if after.parked is not None:
                self._observer.parked(after.order_id, after.parked)
            if self._is_stopping or after.state in ENDS or after.state is change.before.state:
                self._hand.let_go(each)
            else:
                self._ask(each)

    def _refuse(self, each: InHand, change: Change, refused: DataRefused) -> None:
        """Have a saga parked that the store cannot hold; one that it cannot even park is left alone for a while."""
        if not each.is_held:
            return
        if not is_parking(change):
            self._set_aside(each, f"{change.steps[0].event}: {refused}")
            return
        self._avoided.add(each.saga.order_id)
        self._hand.let_go(each)
        self._observer.unstorable(each.saga.order_id, str(refused))

    def _start_over(self, error: StoreUnavailable) -> None:
        """Drop what is in hand: nobody knows what of it was written."""
        self._observer.away(error)
        self._hand.outdate_all()

    def _pause_after(self, taken: int, limit: int) -> float:
        """Return how long to wait before the next look.

        Not at all while whole batches are due; rather longer if there was no room for one, so that there is more of it
        next time; longer and longer while nothing is due.
        """
        if taken >= self._pace.batch:
            return 0.0
        if taken >= limit:
            self._pause_s = self._pace.idle_pause_s
        elif taken:
            self._pause_s = self._pace.busy_pause_s
        else:
            self._pause_s = min(self._pace.idle_pause_s, self._pause_s * 2)
        return self._pause_s

    def _make_ways(self, spawn: Spawn) -> None:
        """Make the ways to the store and to the participants, with nothing on them."""
        self._writer = CombiningWriter(
            self._store,
            spawn,
            leases=lambda: list(self._leases.values()),
            recorded=self._go_on,
            refused=self._refuse,
            lost=self._start_over,
            time=self._time,
            observer=self._observer,
            failpoint=self._failpoint,
            records_max=self._pace.records_max,
        )
        whom = {
            Side.STOCK: self._participants.stock,
            Side.SEATS: self._participants.seats,
            Side.WALLET: self._participants.wallet,
        }
        self._lanes = {
            side: Lane(
                participant,
                spawn,
                self._hear,
                self._failpoint,
                self._pace.batch,
                self._pace.calls_max,
            )
            for side, participant in whom.items()
        }


async def _be_ready(_: Sequence[Lease]) -> None:
    """There is nothing to make ready: a claim reads what is due."""
