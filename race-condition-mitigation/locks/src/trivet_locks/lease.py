"""The handle of one acquisition."""

from collections.abc import Callable, Mapping

from trivet_locks.attempt import Attempt
from trivet_locks.ballot import NodeAnswer
from trivet_locks.errors import LeaseLost
from trivet_locks.handback import HandBack, Release
from trivet_locks.validity import remaining_ms


class Lease:
    """A lock held for a limited time: by its handle, never by a thread or a task.

    *Which race.* After its validity a lease says nothing: another caller may hold the lock although this one still
    runs, for a pause of the process (garbage collection, a suspended machine, SIGSTOP) is not noticed by it.
    *The guard.* `ensure_held` before each effect, `hold` to have the task cancelled, and a fence in what is protected,
    because a check can always be followed by a pause. *If it is lost*, effects overlap unless the fence refuses them.
    """

    def __init__(
        self,
        resource: str,
        *,
        attempt: Attempt,
        until_ns: int,
        clock: Callable[[], int],
        hand_back: Callable[[Attempt], HandBack],
        node_deadline_ms: int,
    ) -> None:
        """Made by `Redlock.acquire`."""
        self._resource = resource
        self._attempt = attempt
        self._until_ns = until_ns
        self._clock = clock
        self._hand_back = hand_back
        self._node_deadline_ms = node_deadline_ms
        self._returning: HandBack | None = None

    def __repr__(self) -> str:
        state = "released" if self._returning is not None else f"validity_ms={self.validity_ms}"
        return f"<Lease {self._resource!r} {state}>"

    @property
    def resource(self) -> str:
        """What is locked."""
        return self._resource

    @property
    def token(self) -> str:
        """The random secret that tells this acquisition from all others. It does not grow: it is no fence."""
        return self._attempt.token

    @property
    def nodes(self) -> Mapping[str, NodeAnswer]:
        """What each node answered so far."""
        return self._attempt.ballot.answers

    @property
    def validity_ms(self) -> int:
        """Milliseconds for which the lease may still be believed; 0 when it is over or was released."""
        return 0 if self._returning is not None else remaining_ms(self._until_ns, self._clock())

    @property
    def held(self) -> bool:
        """Whether the lease is still valid at this instant."""
        return self._returning is None and self._clock() < self._until_ns

    @property
    def expired(self) -> bool:
        """Whether the validity ended before the lease was released."""
        return self._returning is None and not self.held

    def ensure_held(self) -> None:
        """Raise LeaseLost if the validity is over or the lease was released."""
        if self._returning is not None:
            raise LeaseLost(self._resource, "it was released")
        if not self.held:
            raise LeaseLost(self._resource, "its validity has passed")

    async def release(self) -> Release:
        """Give the lock back on every node; again and again if you like, also after the lease is over.

        Waits for the nodes that granted it, at most one node deadline; the others are released in the background.
        Cancelling the caller does not stop the release. Never raises for a node's failure: the report says it.
        """
        if self._returning is None:
            self._attempt.stop()
            self._returning = self._hand_back(self._attempt)
        return await self._returning.heard_from(self._attempt.ballot.granted, within_ms=self._node_deadline_ms)
