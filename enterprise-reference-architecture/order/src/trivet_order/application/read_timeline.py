"""A customer looks at what became of an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from trivet_order.application.ownership import theirs
from trivet_order.application.ports import OrderRepositoryPort, TimelinePort
from trivet_order.application.views import TimelineEntry


@dataclass(frozen=True, slots=True)
class ReadTimeline:
    """Who looks at what, and from after which version on."""

    order_id: UUID
    customer_id: str
    after_version: int = 0


class ReadTimelineUseCase:
    """Returns what happened to an order, as far as its events have arrived."""

    def __init__(self, repo: OrderRepositoryPort, timeline: TimelinePort) -> None:
        self._repo = repo
        self._timeline = timeline

    async def execute(self, query: ReadTimeline) -> Sequence[TimelineEntry]:
        """Return the entries (OrderNotFound if the customer has no such order)."""
        theirs(await self._repo.get_by_id(query.order_id), query.customer_id)
        return await self._timeline.entries(query.order_id, query.after_version)
