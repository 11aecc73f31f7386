"""What the API answers, for its document; the bytes themselves are made where they are decided."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from trivet_wallet.entrypoints.wire import AnyAccountId, State


class AccountOut(BaseModel):
    """An account as it was at one moment."""

    id: AnyAccountId
    owner: str
    kind: Literal["customer", "merchant", "external"]
    currency: str
    balance_minor: int = Field(description="What its postings say.")
    held_minor: int = Field(description="What is authorised and not yet captured.")
    available_minor: int = Field(description="The balance without what is held.")


class AccountPage(BaseModel):
    """Accounts in the order of their ids, all as they were at one moment."""

    accounts: list[AccountOut]
    next: AnyAccountId | None = Field(description="The cursor of the following page; null after the last.")


class StatementLine(BaseModel):
    """What one transaction did to the account."""

    transaction_id: str
    kind: Literal["deposit", "transfer", "capture", "refund", "adjustment"]
    at: str
    amount_minor: int = Field(description="Above 0 what the account received.")
    balance_minor: int | None = Field(description="The balance after it; null of accounts that are only added up.")


class Statement(BaseModel):
    """What was posted to an account, oldest first."""

    account_id: AnyAccountId
    lines: list[StatementLine]
    next: str | None = Field(description="The cursor of the following page; null after the last.")


class DepositOut(BaseModel):
    """A deposit that was made."""

    deposit_id: str
    transaction_id: str
    account_id: AnyAccountId
    amount_minor: int
    currency: str


class TransferOut(BaseModel):
    """A transfer that was made."""

    transfer_id: str
    transaction_id: str
    from_account_id: AnyAccountId
    to_account_id: AnyAccountId
    amount_minor: int
    currency: str


class ChargeOut(BaseModel):
    """A charge; one that was voided before it came has no accounts and no amount."""

    charge_id: str
    charge_key: str
    customer_account_id: AnyAccountId | None
    merchant_account_id: AnyAccountId | None
    amount_minor: int | None
    currency: str | None
    state: State
    captured_minor: int
    refunded_minor: int


class RefundOut(BaseModel):
    """A refund that was made."""

    refund_id: str
    transaction_id: str
    charge_key: str
    amount_minor: int
    currency: str
    refunded_minor: int = Field(description="What of the charge is given back by now.")


class VoidOut(BaseModel):
    """A charge that can take nothing any more."""

    charge_key: str
    state: Literal["declined", "voided"]
    released_minor: int = Field(description="What was held and is available again.")


class EntryOut(BaseModel):
    """What one entry of a batch was told, as the single request would have been."""

    key: str
    status: int
    replayed: bool
    body: dict[str, Any]


class BatchOut(BaseModel):
    """An answer for each entry, in their order."""

    answers: list[EntryOut]
