"""What the core refuses, as problems: the wire's table of outcomes is not the core's business."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from trivet_chassis import Internal, InvalidRequest, NotFound, RequestInFlight, ServiceError, Unavailable
from trivet_chassis import KeyReused as KeyWasReused
from trivet_order.application import KeyInFlight, KeyReused, OrderNotFound, StoreUnavailable
from trivet_order.domain import InvalidOrder, OrderError, TooLate


class OrderIsConfirmed(ServiceError):
    """It cannot be cancelled any more."""

    code = "too-late"


_REFUSALS: Mapping[type[OrderError], Callable[[str], ServiceError]] = MappingProxyType(
    {
        InvalidOrder: InvalidRequest,
        OrderNotFound: NotFound,
        KeyInFlight: RequestInFlight,
        KeyReused: KeyWasReused,
        TooLate: OrderIsConfirmed,
    }
)


@contextmanager
def told() -> Iterator[None]:
    """Tell what the core refuses in this block as a problem; what is a defect of its caller's is one here too.

    Raises:
        ServiceError: The refusal.
    """
    try:
        yield
    except StoreUnavailable as error:
        raise Unavailable(str(error), definite=error.definite) from error
    except OrderError as error:
        refuse = _REFUSALS.get(type(error))
        if refuse is None:
            raise Internal(f"the order was asked for what it does not do: {error.code}") from error
        raise refuse(str(error)) from error
