"""An order service in memory, for the crowd that orders: right in one thread; its timeline is there at once."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web

CODES = {404: "not-found", 422: "idempotency-key-reuse"}


class OrderCounter:
    """Takes orders; whoever asks says their name instead of showing a token."""

    def __init__(self, *, cuts: int = 0, cuts_streams: bool = False) -> None:
        """Cut so many orders' answers once they were taken, and each stream after its first event."""
        self.cuts, self.cuts_streams = cuts, cuts_streams
        self.orders: dict[str, dict[str, Any]] = {}
        self.keys: dict[tuple[str, str], tuple[str, str]] = {}
        self.last_ids: list[str | None] = []
        self.bodies: list[Any] = []
        self.changed = asyncio.Event()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/orders", self.take)
        app.router.add_get("/orders", self.list)
        app.router.add_get("/orders/{id}", self.look)
        app.router.add_delete("/orders/{id}", self.cancel)
        app.router.add_get("/orders/{id}/timeline", self.timeline)
        app.router.add_get("/orders/{id}/timeline/events", self.follow)
        return app

    async def take(self, request: web.Request) -> web.Response:
        who, key, body = whose(request), request.headers["idempotency-key"], await request.json()
        self.bodies.append(body)
        known = self.keys.get((who, key))
        if known is not None and known[1] != json.dumps(body):
            return refused(422)
        if known is None:
            order = {"id": str(uuid.UUID(int=len(self.orders) + 1)), "customer_id": who, "version": 1}
            order |= {"status": "Order Created", "cancellation_requested": False}
            self.orders[order["id"]] = order
            known = self.keys[who, key] = order["id"], json.dumps(body)
        if self.cuts:
            self.cuts -= 1
            assert request.transport is not None
            request.transport.close()
        made = {"id": known[0], "status": "Order Created", "version": 1}
        return web.json_response(made, status=202, headers={"location": f"/orders/{known[0]}"})

    async def look(self, request: web.Request) -> web.Response:
        order = self.own(request)
        return web.json_response(order) if order else refused(404)

    async def cancel(self, request: web.Request) -> web.Response:
        order = self.own(request)
        if order is None:
            return refused(404)
        if order["version"] == 1:
            order |= {"version": 2, "status": "Order Cancelled"}
            self.changed.set()
            self.changed = asyncio.Event()
        return web.json_response(order, status=202)

    async def list(self, request: web.Request) -> web.Response:
        limit, before = int(request.query["limit"]), request.query.get("before", "~")
        own = [order for order in self.orders.values() if order["customer_id"] == whose(request)]
        found = sorted((order for order in own if order["id"] < before), key=lambda order: order["id"], reverse=True)
        more = len(found) > limit
        return web.json_response({"orders": found[:limit], "next": found[limit - 1]["id"] if more else None})

    async def timeline(self, request: web.Request) -> web.Response:
        order = self.own(request)
        if order is None:
            return refused(404)
        entries = [entry(order, version) for version in range(1, order["version"] + 1)]
        return web.json_response({"entries": entries, "version": order["version"]})

    async def follow(self, request: web.Request) -> web.StreamResponse:
        order = self.own(request)
        if order is None:
            return refused(404)
        self.last_ids.append(request.headers.get("last-event-id"))
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": welcome\n\n")
        version = int(self.last_ids[-1] or 0)
        while True:
            while version < order["version"]:
                version += 1
                data = json.dumps(entry(order, version))
                await response.write(f"event: entry\nid: {version}\ndata: {data}\n\n".encode())
                if self.cuts_streams and request.transport is not None:
                    request.transport.abort()
            await self.changed.wait()

    def own(self, request: web.Request) -> dict[str, Any] | None:
        order = self.orders.get(request.match_info["id"])
        return order if order and order["customer_id"] == whose(request) else None


def entry(order: Mapping[str, Any], version: int) -> dict[str, Any]:
    kind = "OrderCreated" if version == 1 else "OrderCancelled"
    return {"version": version, "event_id": f"e-{order['id']}-{version}", "type": kind, "data": {}}


def whose(request: web.Request) -> str:
    return request.headers.get("authorization", "Bearer ").removeprefix("Bearer ")


def refused(status: int) -> web.Response:
    return web.json_response({"code": CODES[status], "status": status}, status=status)
