"""One client of a link and its own connection to the target: bytes, ends of streams and resets, each way.

What is done with what arrives is the business of the behaviour in force (``link_faults.py``).
"""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import struct
from contextlib import suppress
from typing import Protocol, cast

# close() then sends RST instead of FIN, and forgets what was not sent yet (socket(7), SO_LINGER).
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_PEER_IS_SLOW = "its peer takes nothing more for now"
_NOT_CONNECTED = "the target has not accepted yet"


@dataclasses.dataclass
class Counts:
    """What happened on a link since it was started; bytes are counted once, whichever way they went."""

    connections: int = 0  # accepted
    open: int = 0  # of them, now
    bytes: int = 0  # carried on
    matched: int = 0  # patterns after which the answer was lost, and answers that were cut
    dropped: int = 0  # bytes that were received and never carried on
    delayed: int = 0  # bytes that were held for a while
    held: int = 0  # of them, now
    cut: int = 0  # connections that the link itself ended
    unreachable: int = 0  # connections for which the target could not be reached


class Behaviour(Protocol):
    """What is done with connections and with what arrives on them."""

    def opened(self, connection: Connection) -> None:
        """Take a client that was just accepted."""

    def received(self, end: End, data: bytes) -> None:
        """Take bytes that arrived at an end."""

    def ended(self, end: End) -> None:
        """Take it that an end sends nothing more (FIN); it may still read."""

    def lost(self, end: End) -> None:
        """Take it that an end is gone (RST, or never reached)."""

    def closed(self, connection: Connection) -> None:
        """Forget a connection of which nothing is left."""


@dataclasses.dataclass
class Shared:
    """What all connections of a link have in common."""

    host: str
    port: int
    behaviour: Behaviour
    counts: Counts = dataclasses.field(default_factory=Counts)
    connections: set[Connection] = dataclasses.field(default_factory=set)
    leaving: set[End] = dataclasses.field(default_factory=set)  # reset, while the socket is not closed yet


class End(asyncio.Protocol):
    """The socket towards the client, or the one towards the target.

    Back-pressure: reading stops while somebody has a reason to hold it. Whoever reads slower than the other one
    sends is waited for, so a link never stores more than the high-water mark of a transport each way.
    """

    peer: End

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.transport: asyncio.Transport | None = None
        self.is_over = False
        self.is_finished = False
        self._is_left = False
        self._holds: set[str] = set()
        self._shared = connection.shared
        self.gone = asyncio.Event()

    def hold(self, reason: str) -> None:
        """Read nothing from it until this reason is released."""
        self._holds.add(reason)
        if self.transport is not None and not self.is_over:
            self.transport.pause_reading()

    def release(self, reason: str) -> None:
        """Read on, unless there is another reason to hold it."""
        self._holds.discard(reason)
        # After its FIN the transport reads no more; to resume would deliver that FIN a second time.
        if self.transport is not None and not self.is_over and not self._holds:
            self.transport.resume_reading()

    def pass_on(self, data: bytes) -> None:
        """Send what this end received to the other one."""
        transport = self.peer.transport
        if transport is None or self.peer.is_finished:
            self.drop(data)
            return
        self._shared.counts.bytes += len(data)
        transport.write(data)

    def drop(self, data: bytes) -> None:
        """Lose what this end received. Its stream has a gap then, and nothing may be carried after a gap."""
        self._shared.counts.dropped += len(data)
        self.connection.is_torn = True

    def finish(self) -> None:
        """Tell whoever is at this end that nothing more comes (FIN), after what is still being written.

        Once both ends have said so and were told so, the connection is over.
        """
        if self.transport is None or self.is_finished:
            return
        self.is_finished = True
        with suppress(OSError):  # it was reset an instant ago; the transport reports that by itself
            self.transport.write_eof()
        if self.is_over and self.peer.is_over and self.peer.is_finished:
            self.close()
            self.peer.close()

    def close(self) -> None:
        """Close it after what is still being written."""
        self._is_left = True
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        """Close it at once, by RST; what is still being written is lost."""
        if self.transport is None or self._is_left:
            return
        self._is_left = True
        self._shared.leaving.add(self)
        raw = cast("socket.socket", self.transport.get_extra_info("socket"))
        with suppress(OSError):  # it was reset from the other side an instant ago
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; asyncio calls this."""
        self.transport = cast("asyncio.Transport", transport)
        if self is self.connection.client:
            self.connection.begin()

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the behaviour in force; asyncio calls this."""
        self._shared.behaviour.received(self, data)

    def eof_received(self) -> bool:
        """Hand a FIN to the behaviour in force, and keep the other direction; asyncio calls this."""
        self.is_over = True
        self._shared.behaviour.ended(self)
        return True

    def pause_writing(self) -> None:
        """Hold the other end: too much waits to be written here; asyncio calls this."""
        self.peer.hold(_PEER_IS_SLOW)

    def resume_writing(self) -> None:
        """Release the other end; asyncio calls this."""
        self.peer.release(_PEER_IS_SLOW)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand the loss to the behaviour in force, unless the link closed it itself; asyncio calls this."""
        del exc
        self.transport = None
        self.gone.set()
        self._shared.leaving.discard(self)
        if not self._is_left:
            self._is_left = True
            self._shared.behaviour.lost(self)
        self.connection.forget()


class Connection:
    """A client's end and the target's."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.client, self.server = End(self), End(self)
        self.client.peer, self.server.peer = self.server, self.client
        self.is_torn = False
        self._connecting: asyncio.Task[None] | None = None
        self._was_connected = False

    def begin(self) -> None:
        """Enter the link."""
        self.shared.connections.add(self)
        self.shared.counts.connections += 1
        self.shared.counts.open += 1
        self.shared.behaviour.opened(self)

    def connect(self) -> None:
        """Connect to the target, unless that was begun before. The client's bytes wait in the kernel until then."""
        if not self._was_connected:
            self._was_connected = True
            self.client.hold(_NOT_CONNECTED)
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def cut(self) -> None:
        """End it by RST on both sides."""
        self.shared.counts.cut += 1
        self.reset()

    def reset(self) -> None:
        """Close both sides by RST; what one side did, the other one is shown."""
        self.client.reset()
        self.lose_server()

    def lose_server(self) -> None:
        """End the target's side alone, by RST."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        self.server.reset()

    def forget(self) -> None:
        """Leave the link once nothing of it is left."""
        alive = self.client.transport or self.server.transport or self._connecting
        if not alive and self in self.shared.connections:
            self.shared.connections.discard(self)
            self.shared.counts.open -= 1
            self.shared.behaviour.closed(self)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.server, self.shared.host, self.shared.port)
        except OSError:
            self.shared.counts.unreachable += 1
            self._connecting = None
            self.client.release(_NOT_CONNECTED)
            self.shared.behaviour.lost(self.server)
        else:
            self._connecting = None
            self.client.release(_NOT_CONNECTED)
