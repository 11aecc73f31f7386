"""What goes over the wire. The models are strict: ``"1"``, ``1.5`` and ``true`` are no quantities."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def _not_reserved(item_id: str) -> str:
    if item_id == "batch":  # what acts on many items at once is served at /items/batch
        raise ValueError("batch is reserved")
    return item_id


ItemId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$"),
    AfterValidator(_not_reserved),
    Field(
        description="Lower-case letters, digits and hyphens.",
        examples=["front-row-7"],
        json_schema_extra={"not": {"const": "batch"}},
    ),
]
Stock = Annotated[int, Field(ge=0, le=1_000_000_000, examples=[100])]
Price = Annotated[int, Field(ge=0, le=1_000_000_000_000, description="In minor units, e.g. cents.", examples=[4900])]
Currency = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217, alphabetic.", examples=["EUR"])
]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="For people; without control characters. By default the id.", examples=["Front row, seat 7"]),
]


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class BuyItem(_Request):
    """An order of one item."""

    item_id: ItemId
    quantity: Annotated[int, Field(ge=1, le=1000, examples=[1])] = 1


class CreateItem(_Request):
    """An item to put on sale."""

    id: ItemId | None = None
    name: Name | None = None
    stock: Stock
    unit_price_minor: Price
    currency: Currency


class Restock(_Request):
    """Units to add."""

    quantity: Annotated[int, Field(ge=1, le=1_000_000, examples=[50])]


class Page(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    after: ItemId | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=500, description="How many items at most.")


class Purchase(BaseModel):
    """A purchase that was made."""

    purchase_id: str
    item_id: ItemId
    quantity: int
    unit_price_minor: int
    currency: str
    total_minor: int
    stock: int = Field(description="What is left after it.")
    fence: int | None = Field(description="The fence that the sale was written under; null unless Redlock sold it.")
    resolvable: bool = Field(
        description="Whether an unknown outcome could be resolved by repeating the request: true exactly if it had an "
        "Idempotency-Key."
    )


class Item(BaseModel):
    """An item on sale."""

    id: ItemId
    name: str
    stock: int
    initial_stock: int
    unit_price_minor: int
    currency: str


class ItemPage(BaseModel):
    """Items in the order of their ids."""

    items: list[Item]
    next: ItemId | None = Field(description="The cursor of the following page; null after the last.")


class Restocked(BaseModel):
    """A restock that was made."""

    restock_id: str
    item_id: ItemId
    quantity: int
    stock: int = Field(description="What is there after it.")
