"""An outbox with its leases, and a topic, for tests of what relays do: no disk, no network, the caller's clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from trivet_order.adapters.memory.shard_leases import surplus
from trivet_order.application.leasing import Lease
from trivet_order.application.messages import Message
from trivet_order.application.relaying import Backlog, Claimed, Failure, Fate, SendOutcome

BACKLOG_COUNTED_MAX = 100_000


@dataclass(slots=True)
class OutboxRow:
    """A message, and to which cluster in which epoch it was published."""

    position: int
    shard: int
    message: Message
    at_s: float
    published: tuple[str, int] | None = None


@dataclass(slots=True)
class LeaseRow:
    """Who may relay a shard, how long, and where its published messages are."""

    holder: str = ""
    fence: int = 0
    until_s: float = float("-inf")
    relayed: tuple[str, int] | None = None


@dataclass(slots=True)
class Blocked:
    """How often an aggregate failed, and when to try again."""

    failures: int
    error: str
    retry_at_s: float


@dataclass
class MemoryOutboxStore:
    """What all relays share."""

    now_s: Callable[[], float]
    shards: int = 16
    rows: list[OutboxRow] = field(default_factory=list)
    blocked: dict[UUID, Blocked] = field(default_factory=dict)
    leases: list[LeaseRow] = field(init=False)

    def __post_init__(self) -> None:
        """Make a free lease for each shard."""
        self.leases = [LeaseRow() for _ in range(self.shards)]

    def commit(self, shard: int, message: Message) -> None:
        """Append what a unit of work has committed."""
        self.rows.append(OutboxRow(len(self.rows) + 1, shard, message, self.now_s()))

    def is_held(self, holder: str, lease: Lease) -> bool:
        """Return whether a lease is still its shard's own, over or not."""
        row = self.leases[lease.shard]
        return (row.holder, row.fence) == (holder, lease.fence)


class MemoryLeases:
    """One holder's way to the leases."""

    def __init__(self, store: MemoryOutboxStore, holder: str, relayed: tuple[str, int], lease_s: float) -> None:
        self._store = store
        self._holder = holder
        self._relayed = relayed
        self._lease_s = lease_s

    async def take(self, shards_max: int, held: Sequence[Lease]) -> Sequence[Lease]:
        """See ShardLeasesPort."""
        now_s, mine = self._store.now_s(), {lease.shard for lease in held}
        taken: list[Lease] = []
        for shard, row in enumerate(self._store.leases):
            is_free = row.until_s <= now_s or (row.holder == self._holder and shard not in mine)
            if len(taken) < shards_max and is_free and self._is_ours_to_relay(row):
                row.holder, row.fence, row.until_s = self._holder, row.fence + 1, now_s + self._lease_s
                taken.append(Lease(shard, row.fence))
        return taken

    async def rebalance(self, held: Sequence[Lease]) -> Sequence[Lease]:
        """See ShardLeasesPort."""
        now_s = self._store.now_s()
        live = {
            shard: row.holder
            for shard, row in enumerate(self._store.leases)
            if row.until_s > now_s and self._is_ours_to_relay(row)
        }
        for shard in surplus(live, self._holder, len(held))[:1]:
            row = self._store.leases[shard]
            row.holder, row.fence, row.until_s = self._holder, row.fence + 1, now_s + self._lease_s
            return [Lease(shard, row.fence)]
        return []

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """See ShardLeasesPort."""
        renewed = [lease for lease in leases if self._store.is_held(self._holder, lease)]
        for lease in renewed:
            self._store.leases[lease.shard].until_s = self._store.now_s() + self._lease_s
        return renewed

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """See ShardLeasesPort."""
        for lease in leases:
            if self._store.is_held(self._holder, lease):
                self._store.leases[lease.shard].until_s = float("-inf")

    def _is_ours_to_relay(self, row: LeaseRow) -> bool:
        return row.relayed is None or row.relayed == self._relayed or row.relayed[1] < self._relayed[1]


class MemoryOutbox:
    """One holder's way to the outbox."""

    def __init__(self, store: MemoryOutboxStore, holder: str, relayed: tuple[str, int]) -> None:
        self._store = store
        self._holder = holder
        self._relayed = relayed

    async def reopen(self, leases: Sequence[Lease]) -> int:
        """See OutboxPort."""
        cluster, epoch = self._relayed
        ours = {lease.shard for lease in leases if self._store.is_held(self._holder, lease)}
        reopened = 0
        for row in self._store.rows:
            is_elsewhere = row.published and row.published[0] != cluster and row.published[1] < epoch
            if row.shard in ours and is_elsewhere:
                row.published = None
                reopened += 1
        for shard in ours:
            self._store.leases[shard].relayed = self._relayed
        return reopened

    async def claim(self, leases: Sequence[Lease], limit: int) -> Sequence[Claimed]:
        """See OutboxPort."""
        now_s = self._store.now_s()
        holding = {
            lease.shard
            for lease in leases
            if self._store.is_held(self._holder, lease) and self._store.leases[lease.shard].until_s > now_s
        }
        claimed: list[Claimed] = []
        for row in self._store.rows:
            known = self._store.blocked.get(row.message.aggregate_id)
            is_waiting = known is not None and known.retry_at_s > now_s
            if row.published is None and row.shard in holding and not is_waiting:
                claimed.append(Claimed(row.position, row.shard, row.message, known.failures if known else 0))
        return claimed[:limit]

    async def mark(self, leases: Sequence[Lease], published: Sequence[Claimed]) -> int:
        """See OutboxPort."""
        ours = {lease.shard for lease in leases if self._store.is_held(self._holder, lease)}
        marked = 0
        for each in published:
            if each.shard in ours:
                self._store.rows[each.position - 1].published = self._relayed
                marked += 1
        return marked

    async def block(self, failures: Sequence[Failure]) -> None:
        """See OutboxPort."""
        for each in failures:
            known = self._store.blocked.get(each.aggregate_id)
            self._store.blocked[each.aggregate_id] = Blocked(
                1 + (known.failures if known else 0), each.error, self._store.now_s() + each.retry_after_s
            )

    async def unblock(self, aggregates: Collection[UUID]) -> None:
        """See OutboxPort."""
        for aggregate in aggregates:
            self._store.blocked.pop(aggregate, None)

    async def backlog(self) -> Backlog:
        """See OutboxPort."""
        waiting = [row for row in self._store.rows if row.published is None]
        oldest_s = min((row.at_s for row in waiting), default=self._store.now_s())
        return Backlog(min(len(waiting), BACKLOG_COUNTED_MAX), self._store.now_s() - oldest_s, len(self._store.blocked))


@dataclass
class MemoryTopic:
    """A topic: what was appended, in the order of its partitions."""

    partitions: list[list[Message]]

    def partition_of(self, aggregate_id: UUID) -> int:
        """Return where an aggregate's messages go."""
        return aggregate_id.int % len(self.partitions)

    def append(self, messages: Sequence[Message]) -> None:
        """Take messages of one partition, whole."""
        for message in messages:
            self.partitions[self.partition_of(message.aggregate_id)].append(message)


class MemorySender:
    """Sends to a topic in memory; everything arrives but what ``refuses`` says is refused."""

    def __init__(self, topic: MemoryTopic, refuses: Callable[[Message], str | None] = lambda _: None) -> None:
        self._topic = topic
        self._refuses = refuses

    async def send(self, messages: Sequence[Message], alone: Collection[UUID] = ()) -> Sequence[SendOutcome]:
        """See MessageSenderPort; each message is an append of its own."""
        del alone
        halted: set[UUID] = set()
        outcomes: list[SendOutcome] = []
        for message in messages:
            error = self._refuses(message)
            if message.aggregate_id in halted:
                outcomes.append(SendOutcome(Fate.HELD_BACK))
            elif error is not None:
                halted.add(message.aggregate_id)
                outcomes.append(SendOutcome(Fate.FAILED, error))
            else:
                self._topic.append([message])
                outcomes.append(SendOutcome(Fate.ACKNOWLEDGED))
        return outcomes
