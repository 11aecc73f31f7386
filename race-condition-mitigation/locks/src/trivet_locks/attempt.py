"""One attempt: every node is asked at once, and the votes decide."""

import asyncio
from collections.abc import Sequence

from trivet_locks.ballot import Ballot, NodeAnswer, Outcome, Verdict
from trivet_locks.errors import NodeError
from trivet_locks.node import Node

_HOPS = 4
"""Turns of the event loop from a reply in the socket to a vote: socket, reader, caller, and one to spare."""


class Attempt:
    """Asks all nodes for one key with one token.

    A quorum decides without waiting for the rest, so a slow minority costs nothing. Nodes that answer after a win, but
    within their deadline, join the lease; a node that misses it counts as timed out and is not asked any more. The
    deadline is about the node: a reply that had arrived by then is heard, however late this loop gets round to it.
    """

    def __init__(self, nodes: Sequence[Node], *, key: str, token: str, ttl_ms: int) -> None:
        """Starts asking; needs a running event loop."""
        loop = asyncio.get_running_loop()
        self.key = key
        self.token = token
        self.ballot = Ballot([node.name for node in nodes])
        self._decided: asyncio.Future[Verdict] = loop.create_future()
        self._deadline: asyncio.Handle | None = None
        self._asking = [loop.create_task(self._ask(node, ttl_ms)) for node in nodes]

    async def verdict(self, *, node_deadline_ms: int) -> Verdict:
        """Wait until the votes decide, at most `node_deadline_ms`."""
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(node_deadline_ms / 1000, self._overdue, _HOPS)
        return await self._decided

    def stop(self) -> None:
        """Ask no more: commands that are not sent yet never are, and late answers are not heard."""
        if self._deadline is not None:
            self._deadline.cancel()
        for task in self._asking:
            task.cancel()

    def _overdue(self, hops: int) -> None:
        if hops:
            self._deadline = asyncio.get_running_loop().call_soon(self._overdue, hops - 1)
            return
        self.stop()
        self.ballot.close()
        self._settle()

    async def _ask(self, node: Node, ttl_ms: int) -> None:
        try:
            granted = await node.set_if_absent(self.key, self.token, ttl_ms)
        except NodeError as error:
            self.ballot.hear(node.name, NodeAnswer(Outcome.ERROR, str(error)))
        else:
            self.ballot.hear(node.name, NodeAnswer(Outcome.GRANTED if granted else Outcome.BUSY))
        self._settle()

    def _settle(self) -> None:
        verdict = self.ballot.verdict
        if verdict is not Verdict.OPEN and not self._decided.done():
            self._decided.set_result(verdict)
