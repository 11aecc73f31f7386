"""What a worker has in hand: the sagas that it read or wrote last, and is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from trivet_order.application.leasing import Lease
from trivet_order.application.saga.commands import Command
from trivet_order.application.saga.ports import Found, Saga
from trivet_order.application.saga.replies import Reply
from trivet_order.domain import OrderAggregate


class InHand:
    """A saga and its order, under which lease they were read, what was asked for them, and what was answered."""

    __slots__ = ("commands", "is_held", "lease", "missing", "order", "replies", "saga")

    def __init__(self, found: Found, lease: Lease) -> None:
        self.saga: Saga = found.saga
        self.order: OrderAggregate = found.order
        self.lease = lease
        self.commands: Sequence[Command] = ()
        self.replies: list[Reply] = []
        self.missing = 0
        self.is_held = True


class Hand:
    """Who is in hand; whoever was dropped is nobody's any more, whatever is still under way for it.

    Which race: an answer comes for a saga that was dropped meanwhile, and perhaps read anew, or is another worker's by
    now. Why this guard: what was dropped says so (``is_held``), and what is read anew is another object, so the
    answer is not heard. If it were lost, the store would still refuse the write of it.
    """

    def __init__(self, in_hand_max: int) -> None:
        self._in_hand_max = in_hand_max
        self._sagas: dict[UUID, InHand] = {}
        self.stale: set[UUID] = set()
        """What is to be read anew: it was changed by somebody else, or nobody knows whether it was written."""

    @property
    def room(self) -> int:
        """How many more there is room for."""
        return max(0, self._in_hand_max - len(self._sagas) - len(self.stale))

    def ids(self) -> Collection[UUID]:
        """Return whose sagas are in hand, now."""
        return list(self._sagas)

    def take(self, found: Found, lease: Lease) -> InHand | None:
        """Take a saga in hand; None if it is there already."""
        order_id = found.saga.order_id
        if order_id in self._sagas:
            return None
        each = self._sagas[order_id] = InHand(found, lease)
        self.stale.discard(order_id)
        return each

    def let_go(self, each: InHand) -> None:
        """Be done with one, for now or for good."""
        if each.is_held:
            each.is_held = False
            del self._sagas[each.saga.order_id]

    def outdate(self, each: InHand) -> None:
        """Drop one, to read it anew."""
        self.let_go(each)
        self.stale.add(each.saga.order_id)

    def outdate_all(self) -> None:
        """Drop everything, to read it anew."""
        self.stale.update(self._sagas)
        self._drop(list(self._sagas.values()))

    def keep(self, leases: Iterable[Lease]) -> None:
        """Drop what is not under one of these leases: it is another worker's, or will be read under a new one."""
        held = set(leases)
        self._drop([each for each in self._sagas.values() if each.lease not in held])

    def _drop(self, dropped: Iterable[InHand]) -> None:
        for each in dropped:
            self.let_go(each)
