"""What the inventory refuses with, beside what every service does."""

from __future__ import annotations

from trivet_chassis import InvalidRequest, NotFound, ServiceError, Unavailable

__all__ = [
    "AlreadyExists",
    "InvalidRequest",
    "KeyReused",
    "LockIsBusy",
    "NoSuchItem",
    "OutOfStock",
    "RequestInFlight",
    "Unavailable",
    "WrongDatabase",
]


class OutOfStock(ServiceError):
    """Less is left than was asked for."""

    code = "out-of-stock"


class LockIsBusy(ServiceError):
    """Another buyer holds the item; nothing happened."""

    code = "lock-busy"


class NoSuchItem(NotFound):
    """There is no item of this id."""

    def __init__(self, item_id: str) -> None:
        super().__init__(f"there is no item {item_id}", item_id=item_id)


class AlreadyExists(ServiceError):
    """An item of this id is there already."""

    code = "already-exists"


class RequestInFlight(ServiceError):
    """Another request with this key has not ended; what *that one* does is unknown."""

    code = "request-in-flight"


class KeyReused(ServiceError):
    """The key belongs to a request with another payload."""

    code = "idempotency-key-reuse"


class WrongDatabase(Exception):
    """The database was not migrated for the strategy that is to use it; not for a caller, but for an operator."""
