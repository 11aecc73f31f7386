"""A node in this process's memory: for tests of code that takes a lock, without a server."""

from collections.abc import Callable

from trivet_locks.clock import now_ns


class MemoryNode:
    """Keeps the promises of `Node` on a dictionary, and expires keys on the clock it is given."""

    def __init__(self, name: str, *, clock: Callable[[], int] = now_ns) -> None:
        """`clock` returns nanoseconds."""
        self._name = name
        self._clock = clock
        self._held: dict[str, tuple[str, int]] = {}

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    def holder(self, key: str) -> str | None:
        """The token that holds `key` now."""
        token, until_ns = self._held.get(key, ("", 0))
        return token if until_ns > self._clock() else None

    async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
        """Set `key` unless another token holds it."""
        holder = self.holder(key)
        if holder is None:
            self._held[key] = (token, self._clock() + ttl_ms * 1_000_000)
        return holder in (None, token)

    async def release(self, key: str, token: str) -> bool:
        """Delete `key` if `token` holds it."""
        held = self.holder(key) == token
        if held:
            del self._held[key]
        return held

    async def close(self) -> None:
        """Nothing is open."""
