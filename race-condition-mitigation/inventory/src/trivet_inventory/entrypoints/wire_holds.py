"""What goes over the wire of holds. The models are strict, as in ``wire.py``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from trivet_inventory.entrypoints.wire import ItemId

ENTRIES_MAX = 200
LINES_MAX = 20
TTL_MS_MIN, TTL_MS_MAX = 1000, 86_400_000


def _not_reserved(hold_id: str) -> str:
    if hold_id == "batch":  # what acts on many holds at once is served at /stock-holds/batch
        raise ValueError("batch is reserved")
    return hold_id


HoldId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_:.-]{1,128}$"),
    AfterValidator(_not_reserved),
    Field(
        description="The hold, by its caller's choice and unique for a subject. Whoever repeats it is told the same.",
        examples=["order-1:hold"],
        json_schema_extra={"not": {"const": "batch"}},
    ),
]
OrderId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_:.-]{1,128}$"),
    Field(description="The order that wants the units for good.", examples=["order-1"]),
]
HolderName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="The customer for whom the caller acts: whose hold it is.", examples=["alice"]),
]
Ttl = Annotated[
    int,
    Field(
        ge=TTL_MS_MIN,
        le=TTL_MS_MAX,
        description="How long, in ms; the usual time if it is left out. A setting may allow less.",
        examples=[120_000],
    ),
]


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class LineIn(_Request):
    """So many units of an item."""

    item_id: ItemId
    quantity: Annotated[int, Field(ge=1, le=1000, examples=[1])]


def _each_once(lines: list[LineIn]) -> list[LineIn]:
    if len({line.item_id for line in lines}) < len(lines):
        raise ValueError("an item stands there twice")
    return lines


Lines = Annotated[
    list[LineIn],
    Field(min_length=1, max_length=LINES_MAX, description="Of different items; all are held, or none."),
    AfterValidator(_each_once),
]


class HoldIn(_Request):
    """Units to be held, all or none."""

    id: HoldId
    subject: HolderName
    lines: Lines
    ttl_ms: Ttl | None = None


class SettleIn(_Request):
    """What an order wants with a hold."""

    subject: HolderName
    order_id: OrderId


class Whose(BaseModel):
    """Whose hold it is."""

    model_config = ConfigDict(extra="forbid")

    subject: HolderName


class GivenBack(Whose):
    """Whose hold it is, and the order that gives it back."""

    order_id: OrderId | None = None


class HoldEntry(HoldIn):
    """`POST /stock-holds`."""

    op: Literal["hold"]


class PinEntry(SettleIn):
    """`POST /stock-holds/{hold_id}/pin`."""

    op: Literal["pin"]
    id: HoldId


class ConfirmEntry(SettleIn):
    """`POST /stock-holds/{hold_id}/confirm`."""

    op: Literal["confirm"]
    id: HoldId


class ReleaseEntry(_Request):
    """`DELETE /stock-holds/{hold_id}`."""

    op: Literal["release"]
    id: HoldId
    subject: HolderName
    order_id: OrderId | None = None


BatchEntry = Annotated[HoldEntry | PinEntry | ConfirmEntry | ReleaseEntry, Field(discriminator="op")]


class HoldBatch(_Request):
    """Entries of many orders, which are done in their order."""

    entries: Annotated[list[BatchEntry], Field(min_length=1, max_length=ENTRIES_MAX)]


class LineOut(BaseModel):
    """Units of an item at the price that the hold fixed."""

    item_id: ItemId
    quantity: int
    unit_price_minor: int


class _Named(BaseModel):
    id: HoldId
    subject: str


class HoldOut(_Named):
    """A hold as it was granted."""

    state: Literal["held"]
    lines: list[LineOut]
    total_minor: int
    currency: str
    expires_at: str = Field(description="When the hold ends by itself, on the server's clock.")
    expires_in_ms: int = Field(description="The time for which it was granted.")


class SettledOut(_Named):
    """What an order has."""

    order_id: OrderId
    state: Literal["pinned", "sold"]
    lines: list[LineOut]
    total_minor: int
    currency: str


class ReleasedOut(_Named):
    """A hold that was given back."""

    state: Literal["released"]


class StandingOut(_Named):
    """A hold as it is now."""

    state: Literal["refused", "held", "expired", "released", "pinned", "sold"]
    order_id: OrderId | None = Field(description="The order that has it, or gave it up; null if none did.")
    lines: list[LineOut] = Field(description="Empty of one that was given up before it came.")
    total_minor: int
    currency: str | None
    expires_at: str | None = Field(description="When it ends or ended by itself; null where time ends it no more.")


class EntryAnswer(BaseModel):
    """What one entry was told, as the single request would have been."""

    id: HoldId
    status: int
    replayed: bool
    body: dict[str, Any]


class BatchOut(BaseModel):
    """An answer for each entry, in their order."""

    answers: list[EntryAnswer]
