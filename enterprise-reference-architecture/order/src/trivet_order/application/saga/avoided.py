"""Whom a worker does not take up for a while."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from trivet_order.application.leasing import TimePort


class Avoided:
    """Sagas of which nothing can be recorded, not even that they are parked.

    Which race: none; but the store goes on calling such a saga due, and it would be claimed, asked for and refused as
    often as the worker looks. Why this guard: nothing can be written of it, so that nobody but the worker itself can
    remember to wait. If it were lost, one row that its table refuses would keep a worker busy for good.

    Args:
        time: which says when it is over.
        for_s: how long one is left alone.
    """

    def __init__(self, time: TimePort, for_s: float) -> None:
        self._time = time
        self._for_s = for_s
        self._until_s: dict[UUID, float] = {}

    def add(self, order_id: UUID) -> None:
        """Leave one alone from now on."""
        self._until_s[order_id] = self._time.now_s() + self._for_s

    def ids(self) -> Collection[UUID]:
        """Return who is to be left alone now."""
        now_s = self._time.now_s()
        self._until_s = {order_id: until_s for order_id, until_s in self._until_s.items() if until_s > now_s}
        return self._until_s.keys()
