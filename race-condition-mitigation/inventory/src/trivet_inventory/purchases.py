"""Selling: one transaction holds the key, the admission, the stock, the purchase and the answer that was given."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import assert_never

import asyncpg

from trivet_chassis import Answer, KeyedRequest, StoredAnswer, failpoint, refusal, success
from trivet_inventory.database import Database, Unit
from trivet_inventory.errors import OutOfStock
from trivet_inventory.idempotency import claim, replay
from trivet_inventory.metrics import Metrics
from trivet_inventory.sql import statement
from trivet_inventory.strategies import Sold, SoldOut, Strategy

OPERATION = "buy-item"
_FIND = statement("find_purchase")
_INSERT = statement("insert_purchase")
PURCHASED, OUT_OF_STOCK = "purchased", "out-of-stock"


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants how many units of what, under which key if any."""

    subject: str
    key: str | None
    item_id: str
    quantity: int

    @property
    def request(self) -> KeyedRequest:
        """The order as an idempotent request."""
        return KeyedRequest.of(self.subject, OPERATION, self.key, self.item_id, self.quantity)


class Checkout:
    """Sells by one strategy. No answer of an order is given before its COMMIT returned."""

    def __init__(self, database: Database, strategy: Strategy, metrics: Metrics) -> None:
        self._database = database
        self._strategy = strategy
        self._metrics = metrics

    async def buy(self, order: Order) -> Answer:
        """Sell, decline, or repeat what the key was told.

        Raises:
            LockIsBusy: Turned away before anything happened.
            NoSuchItem: There is no such item.
            RequestInFlight: Another request with the key has not ended.
            KeyReused: The key belongs to another order.
            Unavailable: A dependency failed; ``definite`` says whether the order may have been executed.
        """
        with self._metrics.purchase() as outcome:
            answer = await self._buy(order, order.request)
            outcome.set("replayed" if answer.replayed else PURCHASED if answer.status == 200 else OUT_OF_STOCK)
            return answer

    async def _buy(self, order: Order, request: KeyedRequest) -> Answer:
        async with self._database.unit() as unit:
            if order.key is not None:
                await claim(unit.connection, request)
                await failpoint("inventory.purchase.after_key_claim")
                row = await unit.connection.fetchrow(_FIND, order.subject, order.key)
                if row is not None:
                    return await replay(unit, request, _stored(row))
            return await self._sell(unit, order, request)

    async def _sell(self, unit: Unit, order: Order, request: KeyedRequest) -> Answer:
        """Sell under the strategy's admission, which ends only after COMMIT."""
        async with self._metrics.admitted(self._strategy.admit(unit.connection, order.item_id)) as admission:
            await failpoint("inventory.purchase.after_admission")
            decision = await admission.sell(unit.connection, order.item_id, order.quantity)
            purchase_id = uuid.uuid4()
            match decision:
                case Sold():
                    answer = _sold(purchase_id, order, decision)
                    await self._record(unit, purchase_id, order, request, answer, decision)
                case SoldOut():
                    answer = _sold_out(order)
                    if order.key is None:  # nobody can ask for this answer again, so it leaves no row
                        return answer
                    await self._record(unit, purchase_id, order, request, answer, None)
                case _:
                    assert_never(decision)
            admission.ensure_held()
            await failpoint("inventory.purchase.before_commit")
            await unit.commit()
            await failpoint("inventory.purchase.after_commit")
            return answer

    async def _record(
        self, unit: Unit, purchase_id: uuid.UUID, order: Order, request: KeyedRequest, answer: Answer, sold: Sold | None
    ) -> None:
        await unit.connection.execute(
            _INSERT,
            purchase_id,
            order.subject,
            order.key,
            request.payload,
            order.item_id,
            order.quantity,
            OUT_OF_STOCK if sold is None else PURCHASED,
            sold and sold.unit_price_minor,
            sold and sold.currency,
            sold and sold.item_version,
            sold and sold.stock,
            sold and sold.fence,
            answer.status,
            answer.body,
        )


def _sold(purchase_id: uuid.UUID, order: Order, sold: Sold) -> Answer:
    return success(
        200,
        {
            "purchase_id": str(purchase_id),
            "item_id": order.item_id,
            "quantity": order.quantity,
            "unit_price_minor": sold.unit_price_minor,
            "currency": sold.currency,
            "total_minor": sold.unit_price_minor * order.quantity,
            "stock": sold.stock,
            "fence": sold.fence,
            "resolvable": order.key is not None,
        },
    )


def _sold_out(order: Order) -> Answer:
    sentence = f"less than {order.quantity} of {order.item_id} is left"
    return refusal(OutOfStock(sentence, item_id=order.item_id, quantity=order.quantity))


def _stored(row: asyncpg.Record) -> StoredAnswer:
    """Return what a purchase's key was told: the stored bytes, or once those are pruned, the same told by its row."""
    if row["body"] is not None:
        return StoredAnswer(row["payload"], Answer(row["status"], row["body"]))
    order = Order("", "pruned", row["item_id"], row["quantity"])
    if row["outcome"] == OUT_OF_STOCK:
        return StoredAnswer(row["payload"], _sold_out(order))
    sold = Sold(row["stock_after"], 0, row["unit_price_minor"], row["currency"], row["fence"])
    return StoredAnswer(row["payload"], _sold(row["purchase_id"], order, sold))
