"""What the inventory refuses with, beside what every service does."""

from __future__ import annotations

from trivet_chassis import NotFound, ServiceError


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


class AlreadyHeld(ServiceError):
    """Another order has the hold."""

    code = "already-held"


class HoldExpired(ServiceError):
    """The hold's time was over before an order pinned it."""

    code = "hold-expired"


class HoldReleased(ServiceError):
    """The hold was given back, or given up before it came."""

    code = "hold-released"


class TooLate(ServiceError):
    """An order has pinned or bought what should be given back."""

    code = "too-late"
