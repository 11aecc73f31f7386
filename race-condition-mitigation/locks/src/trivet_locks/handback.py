"""Taking a token back from every node, whatever happens to the task that asked for it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from trivet_locks.ballot import quorum
from trivet_locks.errors import NodeError
from trivet_locks.node import Node

_BOUND_S = 2.0


class Freed(StrEnum):
    """What one node said to a release."""

    DELETED = "deleted"
    ABSENT = "absent"
    """The token did not hold the key there: never granted, expired, or released before."""
    PENDING = "pending"
    """Not answered yet; the release is sent or goes on trying for a bounded time, and the TTL ends it in any case."""
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Release:
    """What is known of a release when it returns. True when a majority confirmed that they hold the token no more."""

    nodes: Mapping[str, Freed]

    def __bool__(self) -> bool:
        """Whether the next caller can win at once."""
        confirmed = sum(freed in (Freed.DELETED, Freed.ABSENT) for freed in self.nodes.values())
        return confirmed >= quorum(len(self.nodes))


class HandBack:
    """Releases one token on all nodes, also on those believed free: one that never answered may have granted it.

    *The race.* The task that holds the lock can be cancelled at any await. If its release died with it, the key would
    block everybody until its TTL ends. *The guard.* Each node's release is a task of its own, which nobody's
    cancellation reaches, bounded in time. *If it is lost*, because the process dies, the TTL is the bound.
    """

    def __init__(self, nodes: Sequence[Node], *, key: str, token: str, keep: "set[asyncio.Task[None]]") -> None:
        """Starts releasing; `keep` holds the tasks, since an event loop alone would let them be collected."""
        loop = asyncio.get_running_loop()
        self._freed = dict.fromkeys((node.name for node in nodes), Freed.PENDING)
        self._tasks = {node.name: loop.create_task(self._free(node, key, token)) for node in nodes}
        self._bound = loop.call_later(_BOUND_S, self._stop)
        for task in self._tasks.values():
            keep.add(task)
            task.add_done_callback(keep.discard)

    async def heard_from(self, names: Iterable[str], *, within_ms: int) -> Release:
        """Wait for the named nodes' answers, at most `within_ms`, and report what all nodes said so far."""
        awaited = {self._tasks[name] for name in names if not self._tasks[name].done()}
        if awaited:
            await asyncio.wait(awaited, timeout=within_ms / 1000)
        return Release(MappingProxyType(dict(self._freed)))

    async def _free(self, node: Node, key: str, token: str) -> None:
        try:
            deleted = await node.release(key, token)
        except NodeError:
            self._freed[node.name] = Freed.ERROR
        else:
            self._freed[node.name] = Freed.DELETED if deleted else Freed.ABSENT
        if Freed.PENDING not in self._freed.values():
            self._bound.cancel()

    def _stop(self) -> None:
        for name, task in self._tasks.items():
            if task.cancel():
                self._freed[name] = Freed.ERROR
