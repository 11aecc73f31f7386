"""The port to one lock server, and what every implementation promises."""

from typing import Protocol


class Node(Protocol):
    """One of N independent masters. Implementations raise `NodeError`, and nothing else, when the node fails them.

    The promise that a quorum lock stands on is about order. `release(key, token)` takes effect *after* every
    `set_if_absent(key, token, …)` called before it on the same event loop, also if that call was cancelled or never
    answered. Otherwise a release could overtake the command it takes back, and a key that nobody owns would block
    the node until its TTL ends.
    """

    @property
    def name(self) -> str:
        """Host and port, or whatever tells the node from the others; without credentials."""

    async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
        """Set `key` to `token` for `ttl_ms` if nobody holds it. True if `token` holds it now, so repeating is harmless.

        A cancelled call that has not been sent yet is never sent.
        """

    async def release(self, key: str, token: str) -> bool:
        """Delete `key` if `token` holds it. True if it did; another's key is never touched."""

    async def close(self) -> None:
        """Give back connections. What is still unanswered is taken back where that is possible."""
