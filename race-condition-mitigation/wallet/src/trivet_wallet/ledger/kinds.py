"""The ledger's words, without Django: what the pure part decides by and the tables hold."""

from __future__ import annotations

from enum import StrEnum


class AccountKind(StrEnum):
    """Whose account it is. ``external`` is the world outside, one account a currency; it alone may be negative."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"
    EXTERNAL = "external"


class TransactionKind(StrEnum):
    """What moved the money."""

    DEPOSIT = "deposit"
    TRANSFER = "transfer"
    CAPTURE = "capture"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"


class OperationKind(StrEnum):
    """What a caller can ask for under a key."""

    OPEN = "open"
    DEPOSIT = "deposit"
    TRANSFER = "transfer"
    CHARGE = "charge"
    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"
    ADJUSTMENT = "adjustment"


class ChargeState(StrEnum):
    """Where a charge stands: ``services/charge_states.py`` has what follows what."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDED = "voided"


EXTERNAL_PREFIX = "external-"
"""How the ids of external accounts begin, and no others."""


def external_id(currency: str) -> str:
    """Return the id of the external account of a currency."""
    return f"{EXTERNAL_PREFIX}{currency.lower()}"


GUARDS = (
    "accounts_not_overdrawn",
    "postings_one_a_version",
    "accounts_held_not_negative",
    "charges_refunded_within_captured",
)
"""The constraints that stand between a mistake and the money, by name."""
