"""Tells the world what the outbox remembers: claim, send, await every acknowledgement, mark, and again.

**What holds in the topic.** Of each aggregate, after messages that are there twice are counted once where they came
first, the versions are gapless and grow. Every committed message gets there, and nothing else.

**Why a relay that was paused past its lease does no harm**, though Kafka knows nothing of a fence and takes whatever
such a relay still sends: order does not rest on the lease. It rests on one rule that every relay keeps by itself,
whoever else is at work and however late it is:

    *version v of an aggregate is sent only when v - 1 is in the topic for certain*, or in one append with it.

A claim begins at an aggregate's first version that no mark calls published; a mark is made only of what the topic has
acknowledged, and what is acknowledged lasts. So at the moment of the claim every version below is in the topic. Of the
versions in the claim each waits for the one before it (``MessageSenderPort.send``). Neither of these facts ceases to be
true by waiting: *in the topic* stays so. Hence each copy of v, sent by whichever relay, also one that a network
delivers long after its sender is dead, lands behind some copy of v - 1; so the first copy of v lands behind the first
copy of v - 1. What a paused relay adds are second copies, which a reader's inbox drops by ``event_id``.

What the lease is for, then: that as a rule one relay alone reads a shard, and work is not done twice. What the *fence*
is for: marks. Only they are written where others read them, and a mark made late is wrong in one case: after the
topic moved to another cluster, when a shard's messages were made unpublished to be told there too. That is why a mark
is refused under any fence but the shard's own.

**A message that fails** blocks its aggregate and no other. What comes after it in its aggregate was not sent (the rule
above), so nothing has to be taken back; it is claimed again behind it. An acknowledgement that comes out of turn is
not believed: it is not marked, and its message is sent again in its turn.

**The mark is not waited for on disk.** A mark that a crash forgets makes a second copy, and that may be at any time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from trivet_order.application.errors import StoreUnavailable
from trivet_order.application.leasing import HeldShards, Lease, LeasePace, ShardLeasesPort, TimePort
from trivet_order.application.relaying.ports import (
    Claimed,
    Failure,
    Fate,
    MessageSenderPort,
    OutboxPort,
    RelayObserverPort,
    RelayPace,
    SendOutcome,
)

ERROR_CHARACTERS_MAX = 500
_DOUBLINGS_MAX = 16


class Relay:
    """One relay; any number of them may run.

    Args:
        outbox: where unpublished messages are.
        leases: who relays which shard.
        sender: who sends.
        time: what is waited with.
        observer: who is told of it.
        pace: how much at once, and how long to wait.
        jitter: returns a number from 0 to 1, so that what failed together is not tried again together.
        failpoint: is awaited with its name at each moment between two effects; a lab breaks the process there.
    """

    def __init__(
        self,
        outbox: OutboxPort,
        leases: ShardLeasesPort,
        sender: MessageSenderPort,
        *,
        time: TimePort,
        observer: RelayObserverPort,
        pace: RelayPace,
        jitter: Callable[[], float],
        failpoint: Callable[[str], Awaitable[None]],
    ) -> None:
        self._outbox = outbox
        self._shards = HeldShards(leases, time, observer, LeasePace(pace.lease_s, pace.shards_a_turn), self._reopen)
        self._sender = sender
        self._time = time
        self._observer = observer
        self._pace = pace
        self._jitter = jitter
        self._failpoint = failpoint
        self._pause_s = pace.busy_pause_s
        self._is_stopping = False

    @property
    def is_stopping(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._is_stopping

    def stop(self) -> None:
        """End after the batch in flight."""
        self._is_stopping = True

    async def run(self) -> None:
        """Relay until :meth:`stop`, then give the shards back; a store that is away is waited for."""
        while not self._is_stopping:
            try:
                published = await self.turn()
            except StoreUnavailable as error:
                self._observer.away(error)
                published = 0
            await self._time.pause(self._pause_after(published))
        try:
            await self._shards.give_back()
        except StoreUnavailable as error:
            self._observer.away(error)

    async def turn(self) -> int:
        """Relay one batch, and return how many messages of it were published and marked.

        Raises:
            StoreUnavailable: the store does not answer; whatever was sent and not marked is sent again.
        """
        failpoint = self._failpoint
        leases = await self._shards.hold()
        if not leases:
            return 0
        started_s = self._time.now_s()
        claimed = await self._outbox.claim(leases, self._pace.batch)
        if not claimed:
            return 0
        await failpoint("order.relay.after_claim")
        alone = frozenset(each.message.aggregate_id for each in claimed if each.failures)
        await failpoint("order.relay.before_send")
        outcomes = await self._sender.send([each.message for each in claimed], alone)
        await failpoint("order.relay.after_ack")
        published, failed = in_turn(claimed, outcomes)
        marked = await self._mark(leases, published)
        await failpoint("order.relay.after_mark")
        await self._remember(published, failed)
        if published:
            self._observer.published(marked, self._time.now_s() - started_s)
        elif not failed:
            self._observer.stalled(outcomes[0].error)
        return marked

    async def _reopen(self, taken: Sequence[Lease]) -> None:
        reopened = await self._outbox.reopen(taken)
        if reopened:
            self._observer.reopened(reopened)

    async def _mark(self, leases: Sequence[Lease], published: Sequence[Claimed]) -> int:
        if not published:
            return 0
        marked = await self._outbox.mark(leases, published)
        if marked < len(published):
            self._observer.unmarked(len(published) - marked)
        return marked

    async def _remember(self, published: Sequence[Claimed], failed: Sequence[tuple[Claimed, SendOutcome]]) -> None:
        """Block what failed, and unblock what had failed and got through."""
        failures = [self._failure(claimed, outcome) for claimed, outcome in failed]
        if failures:
            await self._outbox.block(failures)
            for (claimed, outcome), failure in zip(failed, failures, strict=True):
                self._observer.blocked(claimed, outcome, failure)
        recovered = {each.message.aggregate_id for each in published if each.failures}
        recovered -= {failure.aggregate_id for failure in failures}
        if recovered:
            await self._outbox.unblock(recovered)

    def _failure(self, claimed: Claimed, outcome: SendOutcome) -> Failure:
        """Return when to try again: what was refused more and more seldom, what is unknown soon."""
        cap_s = self._pace.retry_refused_s if outcome.definite else self._pace.retry_unknown_s
        after_s = min(cap_s, self._pace.retry_first_s * 2 ** min(claimed.failures, _DOUBLINGS_MAX))
        error = outcome.error[:ERROR_CHARACTERS_MAX]
        return Failure(claimed.message.aggregate_id, error, after_s * (1 + self._jitter()) / 2)

    def _pause_after(self, published: int) -> float:
        """Return how long to wait: not at all while whole batches go through, longer and longer while nothing does."""
        if published >= self._pace.batch:
            return 0.0
        self._pause_s = self._pace.busy_pause_s if published else min(self._pace.idle_pause_s, self._pause_s * 2)
        return self._pause_s


def in_turn(
    claimed: Sequence[Claimed], outcomes: Sequence[SendOutcome]
) -> tuple[list[Claimed], list[tuple[Claimed, SendOutcome]]]:
    """Return what was published, each in its aggregate's turn, and what failed.

    Of an aggregate nothing counts that comes after a message that was not acknowledged.
    """
    published: list[Claimed] = []
    failed: list[tuple[Claimed, SendOutcome]] = []
    halted: set[UUID] = set()
    for each, outcome in zip(claimed, outcomes, strict=True):
        aggregate = each.message.aggregate_id
        if aggregate in halted:
            continue
        if outcome.fate is Fate.ACKNOWLEDGED:
            published.append(each)
            continue
        halted.add(aggregate)
        if outcome.fate is Fate.FAILED:
            failed.append((each, outcome))
    return published, failed
