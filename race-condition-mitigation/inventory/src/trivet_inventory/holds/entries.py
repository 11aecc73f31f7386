"""What may be asked of a hold: the four verbs, as data, alone or many in a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from trivet_chassis import KeyedRequest
from trivet_inventory.holds.hold import Name

Operation = Literal["hold", "pin", "confirm", "release"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many units of an item."""

    item_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class HoldStock:
    """Hold all of these units or none, for ``ttl_ms`` or the usual time."""

    OPERATION: ClassVar[Operation] = "hold"

    name: Name
    lines: tuple[Wanted, ...]
    ttl_ms: int | None = None
    order_id: None = None

    @property
    def payload(self) -> bytes:
        """The digest of what is asked under the id; a time that is left out is not the usual one, which may change."""
        lines = [(line.item_id, line.quantity) for line in self.lines]
        return KeyedRequest.of(self.name.subject, "hold-stock", self.name.id, lines, self.ttl_ms).payload


@dataclass(frozen=True, slots=True)
class Pin:
    """Make a hold an order's, without an end of time."""

    OPERATION: ClassVar[Operation] = "pin"

    name: Name
    order_id: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """Sell what the order pinned."""

    OPERATION: ClassVar[Operation] = "confirm"

    name: Name
    order_id: str


@dataclass(frozen=True, slots=True)
class Release:
    """Give back what nobody pinned, or what this order did; refuse it should it still come."""

    OPERATION: ClassVar[Operation] = "release"

    name: Name
    order_id: str | None = None


Entry = HoldStock | Pin | Confirm | Release
