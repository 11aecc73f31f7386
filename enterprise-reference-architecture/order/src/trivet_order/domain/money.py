"""An amount of money in a currency's minor units: cents, pence, yen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from trivet_order.domain.errors import InvalidOrder

AMOUNT_MINOR_MAX = 2**63 - 1
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Money:
    """``amount_minor`` of ``currency`` (ISO 4217); never less than nothing, never a part of a unit."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse what is no amount (InvalidOrder)."""
        if type(self.amount_minor) is not int or not 0 <= self.amount_minor <= AMOUNT_MINOR_MAX:
            raise InvalidOrder(f"{self.amount_minor!r} is no amount of money")
        if not isinstance(self.currency, str) or not _CURRENCY.fullmatch(self.currency):
            raise InvalidOrder(f"{self.currency!r} is no currency")


def total(amounts: Iterable[Money]) -> Money:
    """Add amounts of one currency.

    Raises:
        InvalidOrder: there is none, they are of several currencies, or the sum is no amount of money.
    """
    added = list(amounts)
    currencies = {each.currency for each in added}
    if len(currencies) != 1:
        raise InvalidOrder(f"a total has one currency, not {', '.join(sorted(currencies)) or 'none'}")
    return Money(sum(each.amount_minor for each in added), currencies.pop())
