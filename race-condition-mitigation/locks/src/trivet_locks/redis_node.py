"""A node that speaks the Redis protocol: Redis or Valkey, 7.0 or later."""

import asyncio
import hashlib
from contextlib import suppress
from importlib.resources import files
from typing import cast
from urllib.parse import urlsplit

import hiredis
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ResponseError

from trivet_locks.errors import NodeError
from trivet_locks.line import Line, Wire

RELEASE_LUA = (files("trivet_locks") / "lua" / "release.lua").read_text(encoding="utf-8")
_RELEASE_SHA = hashlib.sha1(RELEASE_LUA.encode(), usedforsecurity=False).hexdigest()
_STALL_S = 1.0
_BACKLOG = 4096


class RedisNode:
    """One master, reached over one pipelined connection per event loop.

    redis-py opens the connection (address, TLS, authentication, keepalive); its retries are off. They would repeat a
    SET NX that was applied but not answered, take the nil for "busy", and leave a key that its owner believes not to
    have. Here a repetition is harmless, because `SET … NX PX … GET` tells whether the key's value is one's own.
    """

    def __init__(self, url: str) -> None:
        """`url` is redis://, rediss:// or unix://, as redis-py takes it. Nothing is opened yet."""
        parts = urlsplit(url)
        self._name = f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path
        # RESP2 and no driver_info: a new connection without a password is usable after TCP's own handshake.
        self._pool = ConnectionPool.from_url(
            url,
            protocol=2,
            driver_info=None,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=None,
            socket_connect_timeout=_STALL_S,
        )
        self._lines: dict[asyncio.AbstractEventLoop, Line] = {}

    @property
    def name(self) -> str:
        """Host and port, or the socket's path."""
        return self._name

    async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
        """`SET key token NX PX ttl_ms GET`: nil when it was set, else the value of the holder, who may be ourselves."""
        command = _pack("SET", key, token, "NX", "PX", ttl_ms, "GET")
        holder = await self._ask(command, parting=_release_by_eval(key, token))
        return holder is None or holder == token.encode()

    async def release(self, key: str, token: str) -> bool:
        """Run release.lua by its hash; a node that does not know it yet, or forgot it in a restart, gets the text."""
        by_eval = _release_by_eval(key, token)
        try:
            deleted = await self._ask(
                _pack("EVALSHA", _RELEASE_SHA, 1, key, token),
                parting=by_eval,
            )
        except NoScriptError:
            deleted = await self._ask(by_eval, parting=by_eval)
        return deleted == 1

    async def close(self) -> None:
        """Close this loop's connection and ask the other loops to close theirs."""
        here = asyncio.get_running_loop()
        for loop, line in list(self._lines.items()):
            if loop is here:
                await line.close()
            else:
                with suppress(RuntimeError):  # that loop is closed, and its connections with it
                    loop.call_soon_threadsafe(line.hang_up, "closed")
        self._lines.clear()

    async def _ask(self, command: bytes, *, parting: bytes) -> object:
        try:
            return await self._line().call(command, parting=parting)
        except NoScriptError:
            raise
        except ResponseError as error:
            raise NodeError(str(error)) from error

    def _line(self) -> Line:
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            for closed in [other for other in list(self._lines) if other.is_closed()]:
                self._lines.pop(closed, None)
            line = self._lines[loop] = Line(self._wire, stall_s=_STALL_S, backlog=_BACKLOG)
        return line

    def _wire(self) -> Wire:
        return cast("Wire", self._pool.make_connection())  # type: ignore[no-untyped-call]  # redis-py annotates in part


def _release_by_eval(key: str, token: str) -> bytes:
    return _pack("EVAL", RELEASE_LUA, 1, key, token)


def _pack(*words: str | int) -> bytes:
    packed: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]  # its stub takes tuples of one element only
    return packed
