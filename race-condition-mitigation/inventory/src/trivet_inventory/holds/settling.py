"""Deciding what an order does with a hold: pin, confirm, release. Pure functions.

A hold is one order's at most, and for good: from *pinned* it goes to *sold* or *released*, and nowhere else. So a
tombstone of (hold, order) needs no row of its own. Where a release ends the hold, or finds it over, the hold's row
refuses whoever comes late; where the hold is another order's, it can never become this one's.
"""

from __future__ import annotations

from trivet_chassis import NotFound
from trivet_inventory.errors import AlreadyHeld, TooLate
from trivet_inventory.holds import telling
from trivet_inventory.holds.entries import Confirm, Pin, Release
from trivet_inventory.holds.hold import Hold
from trivet_inventory.holds.holding import Decision
from trivet_inventory.holds.states import Event, State

_AN_ORDERS = frozenset({State.PINNED, State.SOLD})


def decide_pin(asked: Pin, hold: Hold) -> Decision:
    """Make a hold an order's, whose time then does not end.

    A repeat is told the same, also after the sale: what was lost is the answer of the pin.

    Raises:
        AlreadyHeld: Another order has it.
        HoldExpired, HoldReleased, OutOfStock, NotFound: It is over, or never was.
    """
    if hold.state in _AN_ORDERS:
        _ensure_own(hold, asked.order_id)
        return Decision(telling.settled(hold, State.PINNED, again=True))
    if hold.state is not State.HELD:
        raise telling.over(hold)
    pinned = hold.on(Event.PIN, order_id=asked.order_id)
    return Decision(telling.settled(pinned, State.PINNED), pinned)


def decide_confirm(asked: Confirm, hold: Hold) -> Decision:
    """Sell what the order pinned, which cannot fail for a reason of business.

    Raises:
        AlreadyHeld: Another order has it.
        HoldExpired, HoldReleased, OutOfStock, NotFound: This order has not pinned it.
    """
    if hold.state in _AN_ORDERS:
        _ensure_own(hold, asked.order_id)
    if hold.state is State.SOLD:
        return Decision(telling.settled(hold, State.SOLD, again=True))
    if hold.state is State.HELD:
        raise NotFound(f"the order {asked.order_id} has not pinned {hold.name.id}", hold_id=hold.name.id)
    if hold.state is not State.PINNED:
        raise telling.over(hold)
    sold = hold.on(Event.SELL)
    return Decision(telling.settled(sold, State.SOLD), sold)


def decide_release(asked: Release, hold: Hold) -> Decision:
    """Give a hold back, or refuse one that never came should it still come.

    With an order it ends what that order pinned, or what nobody did, and leaves another order's pin alone; without one
    it is the holder's, who cannot take back what an order has.

    Raises:
        TooLate: It is sold, or an order has pinned it and none is named.
    """
    if hold.state in _AN_ORDERS and asked.order_id is not None and asked.order_id != hold.order_id:
        return Decision(telling.released(hold.name, again=True))
    if hold.state is State.RELEASED:
        return Decision(telling.released(hold.name, again=True))
    if hold.state is State.SOLD or (hold.state is State.PINNED and asked.order_id is None):
        word = "bought" if hold.state is State.SOLD else "pinned"
        raise TooLate(f"an order has {word} {hold.name.id}", hold_id=hold.name.id)
    ended = hold.on(Event.RELEASE, order_id=asked.order_id)
    return Decision(telling.released(hold.name), ended)


def _ensure_own(hold: Hold, order_id: str) -> None:
    if hold.order_id != order_id:
        raise AlreadyHeld(f"another order has {hold.name.id}", hold_id=hold.name.id)
