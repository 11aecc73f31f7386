"""What goes over the wire. The models are strict: ``"1"``, ``1.5`` and ``true`` are no amounts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, model_validator

from trivet_chassis import KEY_CHARACTERS_MAX, KEY_PATTERN
from trivet_wallet.ledger.kinds import EXTERNAL_PREFIX

ENTRIES_MAX = 200


def _not_reserved(account_id: str) -> str:
    if account_id == "batch":  # what acts on many at once is served at …/batch
        raise ValueError("batch is reserved")
    if account_id.startswith(EXTERNAL_PREFIX):
        raise ValueError(f"ids that begin with {EXTERNAL_PREFIX} are the world outside")
    return account_id


AnyAccountId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$"),
    Field(description="Lower-case letters, digits and hyphens.", examples=["alice-eur"]),
]
AccountId = Annotated[
    AnyAccountId,
    AfterValidator(_not_reserved),
    Field(json_schema_extra={"not": {"anyOf": [{"const": "batch"}, {"pattern": f"^{EXTERNAL_PREFIX}"}]}}),
]
Amount = Annotated[int, Field(ge=1, le=1_000_000_000_000, description="In minor units, e.g. cents.", examples=[4900])]
Currency = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217, alphabetic.", examples=["EUR"])
]
Owner = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="Whose account it is; without control characters.", examples=["alice"]),
]
ChargeKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=KEY_CHARACTERS_MAX, pattern=KEY_PATTERN),
    Field(description="The Idempotency-Key of the charge.", examples=["order-1:charge"]),
]
EntryKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=KEY_CHARACTERS_MAX, pattern=KEY_PATTERN),
    Field(description="The entry's own idempotency key.", examples=["order-1:charge"]),
]
Customer = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(
        description="The customer for whom the caller acts, as in an access token's `sub`: the account that is charged "
        "must be theirs.",
        examples=["alice"],
    ),
]
State = Literal["authorised", "captured", "declined", "voided"]


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class OpenAccount(_Request):
    """An account to open, empty."""

    id: AccountId | None = None
    owner: Owner
    kind: Literal["customer", "merchant"]
    currency: Currency


class Deposit(_Request):
    """Money from the world outside."""

    account_id: AccountId
    amount_minor: Amount


class Transfer(_Request):
    """Money for another account."""

    from_account_id: AccountId
    to_account_id: AccountId
    amount_minor: Amount


class Charge(_Request):
    """A customer's payment to a merchant, taken at once or held until it is captured."""

    customer_account_id: AccountId
    merchant_account_id: AccountId
    amount_minor: Amount
    capture: Annotated[bool, Field(description="Whether the money is taken at once; else it is held.")] = True


class Capture(_Request):
    """What a charge holds, to be taken; without an amount all of it."""

    charge_key: ChargeKey
    amount_minor: Amount | None = None


class Refund(_Request):
    """Captured money to give back."""

    charge_key: ChargeKey
    amount_minor: Amount


class Void(_Request):
    """A charge to give up, whether or not it arrived."""

    charge_key: ChargeKey


class ChargeEntry(Charge):
    """A charge of a batch."""

    op: Literal["charge"]
    key: EntryKey
    subject: Customer | None = None
    currency: Annotated[
        Currency | None, Field(description="What the amount is meant in; the account's if left out.")
    ] = None


class RefundEntry(Refund):
    """A refund of a batch."""

    op: Literal["refund"]
    key: EntryKey
    subject: Customer | None = None


class VoidEntry(Void):
    """A void of a batch."""

    op: Literal["void"]
    key: EntryKey
    subject: Customer | None = None


BatchEntry = Annotated[ChargeEntry | RefundEntry | VoidEntry, Field(discriminator="op")]


class Batch(_Request):
    """Entries of many orders, done in one transaction, in their order."""

    entries: Annotated[list[BatchEntry], Field(min_length=1, max_length=ENTRIES_MAX)]


class _Asked(BaseModel):
    """Parameters of a query, of which each is one of these: a word that is mistyped is not passed over in silence."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _knows_each(cls, given: Any, info: ValidationInfo) -> Any:
        """Look at the query itself: Django Ninja hands on what has a field here, and nothing else."""
        request = (info.context or {}).get("request")
        unknown = set(request.GET) - set(cls.model_fields) if request else set()
        if unknown:
            raise ValueError(f"there is no parameter {min(unknown)!r} here")
        return given


class Page(_Asked):
    """Which page of a list of accounts."""

    after: AnyAccountId | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=500, description="How many at most.")


class StatementPage(_Asked):
    """Which page of a statement."""

    after: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = Field(
        None, description="The `next` of the page before."
    )
    limit: int = Field(50, ge=1, le=500, description="How many at most.")


class ByKey(_Asked):
    """Which charge."""

    key: ChargeKey
