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
