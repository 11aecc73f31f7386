"""What a use case refuses beside what the order itself does."""

from __future__ import annotations

from uuid import UUID

from trivet_order.domain import OrderError


class OrderNotFound(OrderError):
    """There is no such order, or it is another customer's: nobody learns which."""

    code = "not-found"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"there is no order {order_id}")
        self.order_id = order_id


class OrderChanged(OrderError):
    """Somebody else changed the order between its reading and its writing; nothing of this change was written.

    Whoever wanted it reads the order again and decides anew.
    """

    code = "order-changed"
    retryable = True

    def __init__(self, order_id: UUID, version: int) -> None:
        super().__init__(f"order {order_id} is not at version {version} any more")
        self.order_id = order_id
        self.version = version


class DataRefused(OrderError):
    """The store cannot hold what it was given, and never will: nothing of the transaction lasts."""

    code = "data-refused"


class KeyInFlight(OrderError):
    """Another request with the same idempotency key has not ended; what becomes of it is not known yet."""

    code = "request-in-flight"
    definite = False
    retryable = True


class KeyReused(OrderError):
    """The idempotency key belongs to a request for something else."""

    code = "idempotency-key-reuse"


class StoreUnavailable(OrderError):
    """What stores orders does not answer; ``definite`` says whether it certainly did nothing."""

    code = "unavailable"
    retryable = True

    def __init__(self, sentence: str, *, definite: bool) -> None:
        super().__init__(sentence)
        self.definite = definite
