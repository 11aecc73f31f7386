"""What an order refuses, and why."""

from __future__ import annotations

from typing import ClassVar


class OrderError(Exception):
    """Something cannot be done with an order.

    ``definite`` says that it certainly was not done, ``retryable`` that the same may be asked again.
    """

    code: ClassVar[str]
    definite: bool = True
    retryable: ClassVar[bool] = False


class InvalidOrder(OrderError):
    """What an order is to be made of is none: no lines, too many, a quantity of nothing."""

    code = "invalid-request"


class IllegalTransition(OrderError):
    """A step was taken that the order's status does not allow; a defect of whoever took it."""

    code = "illegal-transition"

    def __init__(self, step: str, status: str) -> None:
        super().__init__(f"{step} is no step of an order that is {status}")
        self.step = step
        self.status = status


class PricesFixed(OrderError):
    """The order has its prices, and was told others; a defect of whoever told them."""

    code = "prices-fixed"


class TooLate(OrderError):
    """The order is confirmed, and cannot be cancelled any more."""

    code = "too-late"
