"""A box office in memory, for the crowd that wants seats: right in one thread, and wrong in the ways of `naive`."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

CODES = {400: "invalid-request", 403: "forbidden", 404: "not-found", 422: "idempotency-key-reuse"}
Told = tuple[int, dict[str, Any]]


class BoxOffice:
    """Holds seats of one show; whoever asks says their name instead of showing a token."""

    def __init__(self, *, naive: bool = False, slow_s: float = 0) -> None:
        self.naive = naive
        self.slow_s = slow_s
        self.holds: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.seats: dict[tuple[str, str], dict[str, Any]] = {}
        self.sold: list[tuple[str, str]] = []
        self.asked: list[tuple[str, str, str]] = []
        self.shut: dict[str, int] = {}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/seat-holds/batch", self.batch)
        app.router.add_post("/seat-holds", self.by_person)
        app.router.add_route("*", "/seat-holds/{id}", self.by_person)
        app.router.add_post("/seat-holds/{id}/{verb}", self.by_order)
        app.router.add_get("/shows/{show_id}/seats", self.map)
        return app

    async def by_person(self, request: web.Request) -> web.Response:
        subject = request.headers.get("authorization", "Bearer ").removeprefix("Bearer ")
        body = await request.json() if request.can_read_body else {}
        verb = {"POST": "hold", "PUT": "extend", "DELETE": "release", "GET": "read"}[request.method]
        named = {"show_id": request.query.get("show_id")} | body
        named["id"] = request.match_info.get("id", named.get("id"))
        return await self._answer(request, verb, named | {"subject": subject})

    async def by_order(self, request: web.Request) -> web.Response:
        body = await request.json()
        return await self._answer(request, request.match_info["verb"], body | {"id": request.match_info["id"]})

    async def batch(self, request: web.Request) -> web.Response:
        self.asked.append((request.host, "POST", request.path))
        entries = (await request.json())["entries"]
        told = [(entry["id"], await self.do(entry["op"], entry)) for entry in entries]
        answers = [{"id": name, "status": status, "replayed": False, "body": body} for name, (status, body) in told]
        return web.json_response({"answers": answers})

    async def map(self, request: web.Request) -> web.Response:
        return web.json_response({"show_id": request.match_info["show_id"], "version": "1", "blocks": []})

    async def _answer(self, request: web.Request, verb: str, asked: Mapping[str, Any]) -> web.Response:
        self.asked.append((request.host, request.method, request.path))
        if self.shut.get(request.host):
            self.shut[request.host] -= 1
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        status, body = await self.do(verb, asked)
        return web.json_response(body, status=status)

    async def do(self, verb: str, asked: Mapping[str, Any]) -> Told:
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        name = (asked["show_id"], asked["subject"], asked["id"])
        told: Told = await getattr(self, f"_{verb}")(name, self.holds.get(name), asked)
        return told

    async def _hold(self, name: Any, hold: dict[str, Any] | None, asked: Mapping[str, Any]) -> Told:
        wanted = {"seats": asked["seats"], "ttl_ms": asked["ttl_ms"]}
        if hold is not None:
            if hold["state"] == "released" and "wanted" not in hold:
                return refuse(409, "hold-released")
            return hold["told"] if hold["wanted"] == wanted else refuse(422)
        taken = [seat for seat in asked["seats"] if self._holder(name[0], seat) is not None]
        if self.naive:
            await asyncio.sleep(0.002)
        hold = self.holds[name] = {"state": "held", "wanted": wanted, "until": time.monotonic() + asked["ttl_ms"] / 1e3}
        if taken:
            hold |= {"state": "refused", "told": refuse(409, "already-held", seats=taken)}
            return hold["told"]
        hold["token"] = secrets.token_urlsafe(24)
        for seat in asked["seats"]:
            self.seats[name[0], seat] = hold
        granted = {"seats": asked["seats"], "expires_in_ms": asked["ttl_ms"]}
        hold["told"] = 201, {"id": name[2], "token": hold["token"], **granted}
        return hold["told"]

    async def _extend(self, _: Any, hold: dict[str, Any] | None, asked: Mapping[str, Any]) -> Told:
        if refused := self._refused(hold, asked):
            return refused
        assert hold is not None
        hold["until"] = time.monotonic() + asked["ttl_ms"] / 1e3
        return 200, {"id": asked["id"], "state": "held", "expires_in_ms": asked["ttl_ms"]}

    async def _release(self, name: Any, hold: dict[str, Any] | None, asked: Mapping[str, Any]) -> Told:
        state = None if hold is None else hold["state"]
        if state == "sold" or (state == "pinned" and hold and asked.get("order_id") != hold["order_id"]):
            return refuse(409, "too-late")
        self.holds.setdefault(name, {})["state"] = "released"
        return 200, {"id": asked["id"], "state": "released"}

    async def _read(self, _: Any, hold: dict[str, Any] | None, __: Any) -> Told:
        return refuse(404) if hold is None else (200, {"state": hold["state"]})

    async def _pin(self, _: Any, hold: dict[str, Any] | None, asked: Mapping[str, Any]) -> Told:
        if hold is not None and hold.get("order_id"):
            return refuse(409, "already-held") if hold["order_id"] != asked["order_id"] else (200, hold["pinned"])
        if not (self.naive and hold is not None and "token" in hold) and (refused := self._refused(hold, asked)):
            return refused
        assert hold is not None
        hold |= {"state": "pinned", "order_id": asked["order_id"], "until": float("inf")}
        hold["pinned"] = {"state": "pinned", "fence": len(self.asked), "seats": hold["wanted"]["seats"]}
        return 200, hold["pinned"]

    async def _confirm(self, name: Any, hold: dict[str, Any] | None, asked: Mapping[str, Any]) -> Told:
        status, told = await self._pin(name, hold, {"token": None} | asked)
        if hold is None or status != 200:
            return status, told
        if hold["state"] != "sold":
            self.sold += [(name[0], seat) for seat in hold["wanted"]["seats"]]
        hold["state"] = "sold"
        return 200, told | {"state": "sold"}

    def _refused(self, hold: dict[str, Any] | None, asked: Mapping[str, Any]) -> Told | None:
        if hold is None or "wanted" not in hold or hold["state"] == "refused":
            return refuse(404) if hold is None or hold["state"] != "released" else refuse(409, "hold-released")
        if asked["token"] != hold.get("token"):
            return refuse(403)
        if hold["state"] != "held":
            return refuse(409, "hold-released" if hold["state"] == "released" else "too-late")
        return refuse(409, "hold-expired") if hold["until"] < time.monotonic() else None

    def _holder(self, show_id: str, seat: str) -> dict[str, Any] | None:
        hold = self.seats.get((show_id, seat))
        if hold is None or hold["state"] in ("pinned", "sold"):
            return hold
        return hold if hold["state"] == "held" and hold["until"] >= time.monotonic() else None


def refuse(status: int, code: str = "", **more: Any) -> Told:
    return status, {"code": code or CODES[status], "status": status, **more}
