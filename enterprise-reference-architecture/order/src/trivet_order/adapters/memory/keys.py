"""Idempotency keys in memory."""

from __future__ import annotations

from uuid import UUID

from trivet_order.adapters.memory.store import Kept
from trivet_order.adapters.memory.transaction import Transaction
from trivet_order.application import KeyInFlight, KeyReused


class MemoryKeys:
    """Implements ``KeysPort``."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def claim(self, customer_id: str, key: str, payload: bytes) -> UUID | None:
        """Return the order that the key made, None if none yet (KeyInFlight, KeyReused)."""
        if not self._transaction.claim((customer_id, key)):
            raise KeyInFlight("another request with this key has not ended")
        kept = self._transaction.kept((customer_id, key))
        if kept is not None and kept.payload != payload:
            raise KeyReused("the key belongs to a request for something else")
        return kept.order_id if kept else None

    async def keep(self, customer_id: str, key: str, payload: bytes, order_id: UUID) -> None:
        """Remember for good which order a claimed key made."""
        self._transaction.keep((customer_id, key), Kept(payload, order_id))
