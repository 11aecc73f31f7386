"""Redlock: one lock over N independent masters."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count

from trivet_locks.attempt import Attempt
from trivet_locks.backoff import full_jitter_ms
from trivet_locks.ballot import Verdict
from trivet_locks.clock import now_ns
from trivet_locks.errors import LeaseLost, LockBusy, NotAcquired, QuorumUnavailable
from trivet_locks.handback import HandBack
from trivet_locks.lease import Lease
from trivet_locks.node import Node
from trivet_locks.redis_node import RedisNode
from trivet_locks.turnstile import Turnstiles
from trivet_locks.validity import check_ttl, valid_until_ns


class Redlock:
    """Acquires locks that a majority of the nodes must grant.

    *Which race.* Two callers want the same resource; one server could decide, but would be a single point of failure,
    and a replica that takes over may not know the lock. *The guard.* N masters that know nothing of each other, of
    which a majority must say yes; two majorities share a node. *If it is lost* (a pause past the validity, a clock that
    jumps on a node, a node that restarts without its keys), two callers hold the lock: put a fence or a guard into what
    is protected. Source: "Distributed Locks with Redis", Redis documentation.

    Safe to share between tasks, and between threads with an event loop each.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        *,
        node_deadline_ms: int = 50,
        prefix: str = "resource_lock:",
        clock: Callable[[], int] = now_ns,
        delay_ms: Callable[[int], float] = full_jitter_ms,
    ) -> None:
        """`clock` returns nanoseconds; `delay_ms` is the pause before the n-th further attempt of `wait_ms`."""
        names = [node.name for node in nodes]
        if not names or len(set(names)) < len(names):
            msg = f"Redlock needs independent nodes, each once, not {names}: two entries of one server vote twice"
            raise ValueError(msg)
        self._nodes = tuple(nodes)
        self._node_deadline_ms = node_deadline_ms
        self._prefix = prefix
        self._clock = clock
        self._delay_ms = delay_ms
        self._returning: set[asyncio.Task[None]] = set()
        self._turnstiles = Turnstiles()

    @classmethod
    def connect(cls, urls: Sequence[str], *, node_deadline_ms: int = 50, prefix: str = "resource_lock:") -> "Redlock":
        """A lock over the masters at `urls` (redis://, rediss://, unix://). Connections are opened at first use."""
        return cls([RedisNode(url) for url in urls], node_deadline_ms=node_deadline_ms, prefix=prefix)

    async def acquire(self, resource: str, *, ttl_ms: int, wait_ms: int = 0) -> Lease:
        """Acquire the lock on `resource` for `ttl_ms`, or raise.

        Without `wait_ms` one attempt is made. With it, attempts are repeated after random delays until `wait_ms` have
        passed, and the last refusal is raised. Waiters of one event loop take turns in the order in which they came.

        Raises:
            LockBusy: others hold it.
            QuorumUnavailable: too few nodes answered within `node_deadline_ms`.
            ValueError: `ttl_ms` leaves no validity.
        """
        check_ttl(ttl_ms)
        give_up_ns = self._clock() + wait_ms * 1_000_000
        try:
            return await self._attempt(resource, ttl_ms)
        except NotAcquired as first:
            if wait_ms <= 0:
                raise
            refusal = first
        try:
            async with self._turnstiles.turn(resource, within_s=self._left_ms(give_up_ns) / 1000):
                return await self._keep_asking(resource, ttl_ms, give_up_ns, refusal)
        except TimeoutError:
            raise refusal from None

    @asynccontextmanager
    async def hold(self, resource: str, *, ttl_ms: int, wait_ms: int = 0) -> AsyncIterator[Lease]:
        """Acquire, run the body, release. If the validity ends first, the body is cancelled and LeaseLost is raised.

        Works as `asyncio.timeout` does: the body sees CancelledError at its next await, the caller sees LeaseLost. A
        body that ends by itself but too late gets LeaseLost as well, for it may have overlapped with the next holder.
        The lock is given back when the body ends; releasing it inside does not stop the clock.
        """
        lease = await self.acquire(resource, ttl_ms=ttl_ms, wait_ms=wait_ms)
        try:
            try:
                async with asyncio.timeout(lease.validity_ms / 1000) as validity:
                    yield lease
            except TimeoutError as error:
                if validity.expired():
                    raise LeaseLost(resource, "its validity ended while it was in use") from error
                raise
            if lease.expired:
                raise LeaseLost(resource, "its validity ended before its use did")
        finally:
            await lease.release()

    async def close(self) -> None:
        """Let releases under way finish, which is bounded, and close the connections of this event loop."""
        here = asyncio.get_running_loop()
        returning = {task for task in set(self._returning) if task.get_loop() is here}
        if returning:
            await asyncio.wait(returning)
        for node in self._nodes:
            await node.close()

    async def _keep_asking(self, resource: str, ttl_ms: int, give_up_ns: int, refusal: NotAcquired) -> Lease:
        for attempt in count(1):
            delay_ms = self._delay_ms(attempt)
            if delay_ms >= self._left_ms(give_up_ns):
                break
            await asyncio.sleep(delay_ms / 1000)
            try:
                return await self._attempt(resource, ttl_ms)
            except NotAcquired as again:
                refusal = again
        raise refusal

    def _left_ms(self, until_ns: int) -> float:
        return max(0.0, (until_ns - self._clock()) / 1_000_000)

    async def _attempt(self, resource: str, ttl_ms: int) -> Lease:
        # A fresh token each time: with the old one, the release of the last attempt could take back this one.
        until_ns = valid_until_ns(self._clock(), ttl_ms)
        attempt = Attempt(self._nodes, key=self._prefix + resource, token=secrets.token_hex(16), ttl_ms=ttl_ms)
        try:
            verdict = await attempt.verdict(node_deadline_ms=self._node_deadline_ms)
        except asyncio.CancelledError:
            await self._take_back(attempt)
            raise
        if verdict is Verdict.WON and self._clock() < until_ns:
            return Lease(
                resource,
                attempt=attempt,
                until_ns=until_ns,
                clock=self._clock,
                hand_back=self._hand_back,
                node_deadline_ms=self._node_deadline_ms,
            )
        nodes = attempt.ballot.answers
        await self._take_back(attempt)
        if verdict is Verdict.BUSY:
            raise LockBusy(resource, "others hold it", nodes)
        if verdict is Verdict.UNAVAILABLE:
            raise QuorumUnavailable(resource, "too few nodes answered in time", nodes)
        raise QuorumUnavailable(resource, "the quorum came after the lease's validity had passed", nodes)

    def _hand_back(self, attempt: Attempt) -> HandBack:
        return HandBack(self._nodes, key=attempt.key, token=attempt.token, keep=self._returning)

    async def _take_back(self, attempt: Attempt) -> None:
        """Release everywhere, and wait only for nodes that certainly granted: those are what competitors would meet."""
        attempt.stop()
        handback = self._hand_back(attempt)
        await handback.heard_from(attempt.ballot.granted, within_ms=self._node_deadline_ms)
