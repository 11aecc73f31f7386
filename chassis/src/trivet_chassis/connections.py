"""How much and how long a connection may hold, and which of them goes when there are too many."""

from __future__ import annotations

import resource
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How much and how long a connection may hold.

    Args:
        head_deadline_s: Time for a request's head, from the connection's beginning for its first and from the first
            byte for every other; also for what is left of a body when its request has been answered.
        head_bytes_max: Bytes of a head; also of a trailer.
        head_fields_max: Fields of a head; also of a trailer.
        pipelined_max: Requests that may wait behind the one that is being served.
        unread_deadline_s: Time in which a client must make room for an answer that its connection does not take.
        connections_max: Connections of the process, if its limit of descriptors is at least twice as many.
    """

    head_deadline_s: float = 10.0
    head_bytes_max: int = 32 * 1024
    head_fields_max: int = 100
    pipelined_max: int = 100
    unread_deadline_s: float = 10.0
    connections_max: int = 2000


CONNECTION_LIMITS = ConnectionLimits()


class Held(Protocol):
    """A connection as the table sees it."""

    def give_way(self) -> None:
        """End at once."""
        ...


class Connections:
    """The connections of a process, and which of them are idle: nothing of a request has come, and nothing is owed.

    Which attack: somebody opens connections and leaves them open until the process has no descriptors left; nobody else
    is let in then, health checks and new connections to the database included. Why this guard: there are at most
    ``most``, and when they are all there, a new one has the place of the one that was idle for longest; if nobody is
    idle, the new one goes. So who asks something is served before who only holds a place. If it is lost, some hundred
    connections shut a replica for as long as they are kept.

    A proxy's connection that gives way may meet a request that is just being sent on it, which is then cut. It is the
    last to go of those that are idle, for a proxy keeps the ones that it uses.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[Held] = set()
        self._idle: OrderedDict[Held, None] = OrderedDict()

    def enter(self, new: Held) -> bool:
        """Give a new connection a place, as one that is idle; tell whether there was one."""
        if len(self._open) >= self._most:
            if not self._idle:
                return False
            oldest, _ = self._idle.popitem(last=False)
            # It is gone from here before its descriptor is, by one round of the event loop: what limits the
            # connections leaves room for that.
            self._open.discard(oldest)
            oldest.give_way()
        self._open.add(new)
        self._idle[new] = None
        return True

    def rest(self, held: Held) -> None:
        """Count a connection among the idle, as the one that was so for the shortest time."""
        self._idle[held] = None

    def wake(self, held: Held) -> None:
        """Count it among them no longer."""
        self._idle.pop(held, None)

    def leave(self, gone: Held) -> None:
        """Forget a connection that ended."""
        self._open.discard(gone)
        self._idle.pop(gone, None)


def connections_within(limits: ConnectionLimits) -> Connections:
    """Return a table for this process: half of its descriptors at most, for files and the database need some too."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return Connections(limits.connections_max)
    return Connections(max(1, min(limits.connections_max, descriptors // 2)))
