"""The grounds of the contracts in memory."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from order_contracts import HeldByOne

from trivet_order.adapters.memory import (
    MemoryInventory,
    MemoryParticipants,
    MemorySagaStore,
    MemorySeats,
    MemoryShardLeases,
    MemoryStore,
    MemoryUnitsOfWork,
    MemoryWallet,
)
from trivet_order.application import Message
from trivet_order.application.leasing import Lease
from trivet_order.application.saga import Step
from trivet_order.domain import Money, Seat, Stock


class MemorySagaGround:
    """See SagaGround."""

    def __init__(self) -> None:
        self._memory = MemoryStore()
        self._held = HeldByOne()
        self.units = MemoryUnitsOfWork(self._memory)

    def store(self, holder: str) -> MemorySagaStore:
        del holder
        return MemorySagaStore(self._memory)

    def leases(self, holder: str) -> MemoryShardLeases:
        return MemoryShardLeases(self._memory.sagas.leases, holder, 60.0)

    async def all_leases(self, holder: str) -> Sequence[Lease]:
        return await self._held.all_of(self.leases(holder), holder)

    async def end_leases(self) -> None:
        self._memory.sagas.leases.end_all()
        self._held.forget()

    async def empty(self) -> None:
        self._memory.sagas.rows.clear()

    async def steps(self, order_id: UUID) -> Sequence[Step]:
        return self._memory.sagas.rows[order_id].steps

    async def published(self, order_id: UUID) -> Sequence[Message]:
        return [message for message in self._memory.outbox if message.aggregate_id == order_id]


class MemoryStockGround:
    """See StockGround."""

    def __init__(self) -> None:
        self.participant: MemoryInventory = MemoryParticipants().stock

    async def item(self, stock: int, price: Money) -> Stock:
        item = Stock(f"item-{uuid4().hex}")
        self.participant.add(item.item_id, stock, price)
        return item

    async def left(self, item: Stock) -> int:
        return self.participant.left(item.item_id)


class MemorySeatsGround:
    """See SeatsGround."""

    def __init__(self) -> None:
        self.participant: MemorySeats = MemoryParticipants().seats

    async def seat(self, customer_id: str, price: Money) -> Seat:
        seat = Seat("hamlet", f"hold-{uuid4().hex}", uuid4().hex)
        self.participant.hold(customer_id, seat, price)
        return seat

    async def give_up(self, seat: Seat, customer_id: str) -> None:
        del customer_id
        self.participant.expire(seat)


class MemoryWalletGround:
    """See WalletGround."""

    def __init__(self) -> None:
        self.participant: MemoryWallet = MemoryParticipants().wallet

    async def account(self, customer_id: str, balance: Money) -> str:
        account_id = uuid4().hex
        self.participant.open(account_id, customer_id, balance)
        return account_id

    async def put_in(self, account_id: str, amount: Money) -> None:
        self.participant.put_in(account_id, amount.amount_minor)

    async def balance_minor(self, account_id: str) -> int:
        return self.participant.balance(account_id).amount_minor
