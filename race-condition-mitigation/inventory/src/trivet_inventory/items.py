"""Items: putting them on sale, restocking and reading them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg

from trivet_chassis import AlreadyExists, Answer, KeyedRequest, StoredAnswer, refusal, success
from trivet_inventory.database import Database
from trivet_inventory.errors import NoSuchItem
from trivet_inventory.idempotency import claim, replay, store
from trivet_inventory.sql import statement

CREATE, RESTOCK = "create-item", "restock"
_FIND_ANSWER = statement("find_answer")
_FIND_RESTOCK = statement("find_restock")
_INSERT_ITEM = statement("insert_item")
_ADD_STOCK = statement("add_stock")
_SELECT_ITEMS = statement("select_items")


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to put on sale; without an id one is made up."""

    id: str | None
    name: str | None
    stock: int
    unit_price_minor: int
    currency: str


class Catalogue:
    """The items of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, subject: str, key: str | None, item: NewItem) -> Answer:
        """Put an item on sale, or repeat what the key was told; a taken id is a stored refusal."""
        fields = (item.id, item.name, item.stock, item.unit_price_minor, item.currency)
        request = KeyedRequest.of(subject, CREATE, key, *fields)
        async with self._database.unit() as unit:
            if key is not None:
                await claim(unit.connection, request)
                row = await unit.connection.fetchrow(_FIND_ANSWER, subject, CREATE, key)
                if row is not None:
                    return await replay(unit, request, StoredAnswer(row["payload"], Answer(row["status"], row["body"])))
            item_id = item.id or str(uuid.uuid4())
            name = item.name or item_id
            created = await unit.connection.fetchval(
                _INSERT_ITEM, item_id, name, item.stock, item.unit_price_minor, item.currency
            )
            answer = _exists(item_id) if created is None else success(201, _created(item_id, name, item))
            await store(unit.connection, request, answer)
            await unit.commit()
            return answer

    async def restock(self, subject: str, key: str | None, item_id: str, quantity: int) -> Answer:
        """Add units to an item, or repeat what the key was told.

        Raises:
            NoSuchItem: There is no such item; nothing is stored, a later try may find it.
        """
        request = KeyedRequest.of(subject, RESTOCK, key, item_id, quantity)
        async with self._database.unit() as unit:
            if key is not None:
                await claim(unit.connection, request)
                row = await unit.connection.fetchrow(_FIND_RESTOCK, subject, key)
                if row is not None:
                    return await replay(unit, request, _stored_restock(row))
            restock_id = uuid.uuid4()
            stock = await unit.connection.fetchval(
                _ADD_STOCK, restock_id, subject, key, request.payload, item_id, quantity
            )
            if stock is None:
                raise NoSuchItem(item_id)
            answer = _restocked(restock_id, item_id, quantity, stock)
            await store(unit.connection, request, answer)
            await unit.commit()
            return answer

    async def get(self, item_id: str) -> dict[str, Any]:
        """Return an item.

        Raises:
            NoSuchItem: There is none.
        """
        rows = await self._database.read(
            "SELECT id, name, stock, initial_stock, unit_price_minor, currency FROM items WHERE id = $1", item_id
        )
        if not rows:
            raise NoSuchItem(item_id)
        return dict(rows[0])

    async def page(self, after: str | None, limit: int) -> dict[str, Any]:
        """Return up to ``limit`` items after an id, and in ``next`` the cursor of the following page or None."""
        rows = await self._database.read(_SELECT_ITEMS, after, limit + 1)
        items = [dict(row) for row in rows[:limit]]
        return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


def _created(item_id: str, name: str, item: NewItem) -> dict[str, Any]:
    return {
        "id": item_id,
        "name": name,
        "stock": item.stock,
        "initial_stock": item.stock,
        "unit_price_minor": item.unit_price_minor,
        "currency": item.currency,
    }


def _exists(item_id: str) -> Answer:
    return refusal(AlreadyExists(f"there is an item {item_id} already", item_id=item_id))


def _restocked(restock_id: uuid.UUID, item_id: str, quantity: int, stock: int) -> Answer:
    body = {"restock_id": str(restock_id), "item_id": item_id, "quantity": quantity, "stock": stock}
    return success(200, body)


def _stored_restock(row: asyncpg.Record) -> StoredAnswer:
    if row["body"] is not None:
        return StoredAnswer(row["payload"], Answer(row["status"], row["body"]))
    told = _restocked(row["restock_id"], row["item_id"], row["quantity"], row["stock_after"])
    return StoredAnswer(row["payload"], told)
