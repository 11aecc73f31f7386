"""Everything that this library raises on purpose.

`definite`: what was asked certainly did not happen. `retryable`: asking again, as it stands, may succeed.
"""

from collections.abc import Mapping
from typing import ClassVar

from trivet_locks.ballot import NodeAnswer


class LockError(Exception):
    """The base of all: a stable `code`, and what a caller may conclude from it."""

    code: ClassVar[str] = "lock-error"
    definite: ClassVar[bool] = False
    retryable: ClassVar[bool] = False


class NodeError(LockError):
    """One node gave no usable answer: refused, cut, stalled, or an error reply. What was sent may have been applied."""

    code = "node-unavailable"
    retryable = True


class NotAcquired(LockError):
    """The lock was not acquired, and nothing of the attempt is left that is not being taken back."""

    code = "not-acquired"
    definite = True
    retryable = True

    def __init__(self, resource: str, reason: str, nodes: Mapping[str, NodeAnswer]) -> None:
        seen = ", ".join(
            f"{name} {answer.outcome}{f' ({answer.detail})' if answer.detail else ''}" for name, answer in nodes.items()
        )
        super().__init__(f"{resource!r} not acquired: {reason} [{seen}]")
        self.resource = resource
        self.nodes = nodes


class LockBusy(NotAcquired):
    """Others hold nodes without which there is no majority."""

    code = "lock-busy"


class QuorumUnavailable(NotAcquired):
    """Too few nodes answered in time for any majority, or they answered too late for the lease to be worth anything."""

    code = "quorum-unavailable"


class LeaseLost(LockError):
    """The lease is over, so somebody else may hold the lock; what was done under it near its end may overlap."""

    code = "lease-lost"

    def __init__(self, resource: str, reason: str) -> None:
        super().__init__(f"the lease on {resource!r} is over: {reason}")
        self.resource = resource


class AdvisoryBusy(LockError):
    """Another transaction holds the advisory lock. The transaction that asked is still usable."""

    code = "advisory-busy"
    definite = True
    retryable = True

    def __init__(self, key: int) -> None:
        super().__init__(f"advisory lock {key} is held by another transaction")
        self.key = key


class NotInTransaction(LockError):
    """A transaction-level lock was asked for outside a transaction, where it would be released at once."""

    code = "not-in-transaction"
    definite = True


class UnsafeFence(LockError):
    """The sequence can hand out a smaller number after a larger one, so it is no fence."""

    code = "unsafe-fence"
    definite = True
