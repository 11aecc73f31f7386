"""Inventory in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from trivet_order.adapters.memory.participants.ledgers import Ledgers, StockEntry
from trivet_order.application.saga import (
    Command,
    ConfirmStock,
    Held,
    HoldStock,
    Refused,
    Rejected,
    Released,
    ReleaseStock,
    Reply,
    Sold,
)
from trivet_order.domain import Money


@dataclass(slots=True)
class _Item:
    stock: int
    price: Money


@dataclass(slots=True)
class _StockHold:
    state: str
    answer: Reply
    lines: tuple[tuple[str, int], ...] = ()


class MemoryInventory:
    """Implements ``ParticipantPort`` for stock."""

    def __init__(self, ledgers: Ledgers) -> None:
        self._ledgers = ledgers
        self._items: dict[str, _Item] = {}
        self._holds: dict[tuple[str, UUID], _StockHold] = {}

    def add(self, item_id: str, stock: int, price: Money) -> None:
        """Put units of an item on sale."""
        self._items[item_id] = _Item(stock, price)

    def left(self, item_id: str) -> int:
        """Return how many units nobody has."""
        return self._items[item_id].stock

    def pinned(self) -> set[UUID]:
        """Return the orders that something is pinned for."""
        return {order_id for (_, order_id), hold in self._holds.items() if hold.state == "pinned"}

    def ready_in_s(self) -> float:
        """It is always ready."""
        return 0.0

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        """Do each, one after the other."""
        return [self._do(command) for command in commands]

    def _do(self, command: Command) -> Reply:
        key = (command.customer_id, command.order_id)
        hold = self._holds.get(key)
        match command:
            case HoldStock():
                return hold.answer if hold else self._hold(key, command)
            case ConfirmStock():
                return self._confirm(command.order_id, hold)
            case ReleaseStock():
                return self._release(key, hold)
        return Rejected("invalid-request", f"{type(command).__name__} is nothing to ask of Inventory")

    def _hold(self, key: tuple[str, UUID], command: HoldStock) -> Reply:
        for line in command.lines:
            item = self._items.get(line.item.item_id)
            if item is None:
                return Refused("not-found", f"there is no item {line.item.item_id}")
            if item.stock < line.quantity:
                answer = Refused("out-of-stock", f"{line.item.item_id} is sold out")
                self._holds[key] = _StockHold("refused", answer)
                return answer
        prices = []
        for line in command.lines:
            item = self._items[line.item.item_id]
            item.stock -= line.quantity
            prices.append(Money(item.price.amount_minor * line.quantity, item.price.currency))
        hold = _StockHold(
            "pinned", Held(tuple(prices)), tuple((line.item.item_id, line.quantity) for line in command.lines)
        )
        self._holds[key] = hold
        self._enter(command.order_id, "pinned", hold)
        return hold.answer

    def _confirm(self, order_id: UUID, hold: _StockHold | None) -> Reply:
        if hold is None or hold.state not in {"pinned", "sold"}:
            return Refused("hold-expired", "nothing is pinned")
        if hold.state == "pinned":
            hold.state = "sold"
            self._enter(order_id, "sold", hold)
        return Sold()

    def _release(self, key: tuple[str, UUID], hold: _StockHold | None) -> Reply:
        if hold is not None and hold.state == "sold":
            return Refused("too-late", "it is sold")
        if hold is not None and hold.state == "pinned":
            for item_id, quantity in hold.lines:
                self._items[item_id].stock += quantity
            self._enter(key[1], "returned", hold)
        self._holds[key] = _StockHold("released", Refused("hold-released", "it was released"))
        return Released()

    def _enter(self, order_id: UUID, kind: str, hold: _StockHold) -> None:
        for item_id, quantity in hold.lines:
            self._ledgers.stock.append(StockEntry(self._ledgers.next_place(), order_id, kind, item_id, quantity))
