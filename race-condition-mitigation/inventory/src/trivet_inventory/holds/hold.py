"""A hold as it stands, its lines, and an item as a transaction found it: plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from trivet_inventory.holds.states import Event, State, after


class Name(NamedTuple):
    """Whose hold it is, and which: an id is unique for its subject, so nobody's id says anything of another's."""

    subject: str
    id: str


@dataclass(frozen=True, slots=True)
class Line:
    """So many units of an item, at the price that the hold fixed."""

    item_id: str
    quantity: int
    unit_price_minor: int


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold, known or not; one that is not known has a name and nothing else.

    ``payload`` is the digest of what was asked under the id, None of a tombstone that was never asked for.
    ``expires_at`` is the end of time that was granted, kept when it no longer counts. ``short_item_id`` is the item of
    which a refused hold found too few.
    """

    name: Name
    state: State = State.UNKNOWN
    payload: bytes | None = None
    lines: tuple[Line, ...] = ()
    currency: str | None = None
    ttl_ms: int | None = None
    expires_at: datetime | None = None
    order_id: str | None = None
    short_item_id: str | None = None

    @property
    def total_minor(self) -> int:
        """What all its units cost."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)

    def on(self, event: Event, *, order_id: str | None = None) -> Hold:
        """Return the hold after an event, which an order may have caused.

        Raises:
            IllegalTransition: It cannot happen now.
        """
        return replace(self, state=after(self.state, event), order_id=order_id or self.order_id)


@dataclass(frozen=True, slots=True)
class Item:
    """An item whose row this transaction has locked, so that nobody else changes what was read of it."""

    id: str
    stock: int
    item_version: int
    unit_price_minor: int
    currency: str
