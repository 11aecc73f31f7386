"""Participants in the test's own process, asked by workers that die: what they did is remembered where nothing dies."""

from __future__ import annotations

import asyncio
import pickle
import random
from collections.abc import Sequence
from typing import Self

from trivet_order.adapters.memory import MemoryParticipants
from trivet_order.application.saga import Command, NoAnswer, Reply

CALL_TIMEOUT_S = 30.0
_LENGTH_BYTES = 8


class RemoteParticipant:
    """ParticipantPort: each call is a connection, a question and an answer; one that is cut is no answer."""

    def __init__(self, side: str, port: int) -> None:
        self._side = side
        self._port = port

    def ready_in_s(self) -> float:
        """It is always ready."""
        return 0.0

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        """Ask for all of them."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    _write(writer, (self._side, list(commands)))
                    replies: Sequence[Reply] = pickle.loads(await _read(reader))  # noqa: S301  - the test's own
                    return replies
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            return [NoAnswer(repr(error))] * len(commands)


class ParticipantServer:
    """Serves participants in memory; now and then it cuts a line, before the effect or behind it."""

    def __init__(self, seed: int, cuts: float = 0.0) -> None:
        self.participants = MemoryParticipants()
        self.cut_behind = 0
        self._cuts = cuts
        self._rng = random.Random(seed)  # noqa: S311  - a schedule, which keeps no secret
        self._server: asyncio.Server

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            side, commands = pickle.loads(await _read(reader))  # noqa: S301  - the test's own workers
            if self._rng.random() < self._cuts / 2:
                return
            replies = await getattr(self.participants, side).send(commands)
            if self._rng.random() < self._cuts / 2:
                self.cut_behind += len(commands)
                return
            _write(writer, replies)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # its worker died
        finally:
            writer.close()


def _write(writer: asyncio.StreamWriter, what: object) -> None:
    body = pickle.dumps(what)
    writer.write(len(body).to_bytes(_LENGTH_BYTES) + body)


async def _read(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(_LENGTH_BYTES)))
