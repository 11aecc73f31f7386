"""An order service beside a box office in memory, for the crowd that checks out: orders end when they are looked at."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from box_office import BoxOffice
from order_counter import OrderCounter, refused

ENDED = {"status": "Order Confirmed", "version": 5}


class CheckoutCounter(OrderCounter):
    """Takes orders, holds seats, and confirms an order at its so manieth look; never if that is 0."""

    def __init__(self, *, looks: int = 2, cuts: int = 0) -> None:
        super().__init__(cuts=cuts)
        self.office = BoxOffice()
        self.looks = looks
        self.looked: dict[str, int] = {}
        self.bought: list[Any] = []

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_post("/seat-holds", self.office.by_person)
        app.router.add_route("*", "/seat-holds/{id}", self.office.by_person)
        app.router.add_post("/buy-item", self.buy)
        return app

    async def look(self, request: web.Request) -> web.Response:
        order = self.own(request)
        if order is None:
            return refused(404)
        self.looked[order["id"]] = self.looked.get(order["id"], 0) + 1
        if self.looked[order["id"]] == self.looks and order["status"] == "Order Created":
            order |= ENDED
        return web.json_response(order)

    async def buy(self, request: web.Request) -> web.Response:
        self.bought.append(await request.json())
        return web.json_response({"purchase_id": str(len(self.bought))})
