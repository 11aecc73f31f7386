"""Publishing as the use cases see it: what happened is recorded in their transaction, and sent by the relay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from trivet_order.adapters.sqlalchemy.sharding import shard_of
from trivet_order.adapters.sqlalchemy.sql import statement
from trivet_order.application import tell
from trivet_order.domain import CancellationRequested, OrderCancelled, OrderCreated, OrderEvent

_RECORD = sa.text(statement("record_events"))
Traceparent = Callable[[], str | None]


class OutboxPublisher:
    """Records events in the outbox, and what they mean for the order's checkout.

    Which race: a process dies between the change of an order and the telling of it. Why this guard: both are rows of
    one transaction, so there is no such moment. If it were lost, an order would change and nobody would ever know, or
    everybody would be told of a change that was undone.
    """

    def __init__(self, session: AsyncSession, traceparent: Traceparent) -> None:
        """Publish in the session's transaction, under the trace that ``traceparent`` names when it is asked."""
        self._session = session
        self._traceparent = traceparent

    async def publish(self, events: Sequence[OrderEvent]) -> None:
        """Record events, those of one order in their order, after the order was saved."""
        if not events:
            return
        traceparent = self._traceparent()
        messages = [tell(event, traceparent) for event in events]
        await self._session.execute(
            _RECORD,
            {
                "event_ids": [message.event_id for message in messages],
                "aggregate_ids": [message.aggregate_id for message in messages],
                "aggregate_versions": [message.aggregate_version for message in messages],
                "shards": [shard_of(message.aggregate_id) for message in messages],
                "types": [message.type for message in messages],
                "versions": [message.version for message in messages],
                "moments": [message.occurred_on for message in messages],
                "traceparents": [message.traceparent for message in messages],
                "bodies": [message.body for message in messages],
                **_checkout_columns(events),
            },
        )


def _checkout_columns(events: Sequence[OrderEvent]) -> dict[str, list[Any]]:
    """Return whose checkout begins, is to be looked at, or is over before it began.

    One statement does not see what it inserts: of an order that begins and ends in it the checkout begins at its end.
    """
    begun = [event.aggregate_id for event in events if isinstance(event, OrderCreated)]
    reasons = {event.aggregate_id: event.reason for event in events if isinstance(event, OrderCancelled)}
    cancelled = [order_id for order_id in reasons if order_id not in begun]
    return {
        "begun": begun,
        "begun_shards": [shard_of(order_id) for order_id in begun],
        "begun_reasons": [reasons.get(order_id) for order_id in begun],
        "wished": [event.aggregate_id for event in events if isinstance(event, CancellationRequested)],
        "cancelled": cancelled,
        "reasons": [reasons[order_id] for order_id in cancelled],
    }
