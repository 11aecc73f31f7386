"""The life of a hold as data and pure functions: which states there are, and what may happen in each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a hold stands in its life."""

    UNKNOWN = "unknown"
    """Nobody ever heard of it: it has no row."""
    REFUSED = "refused"
    """It found too little stock; remembered for good, so that a repeat is told the same."""
    HELD = "held"
    """Its units are out of the stock until it expires."""
    EXPIRED = "expired"
    """Its units are back in the stock."""
    RELEASED = "released"
    """Given back, or given up before it came: a tombstone."""
    PINNED = "pinned"
    """An order's, without an end of time."""
    SOLD = "sold"
    """The end."""


class Event(StrEnum):
    """What can happen to a hold."""

    GRANT = "grant"
    """All its units were there."""
    REFUSE = "refuse"
    """One of its items had too few."""
    EXPIRE = "expire"
    """Its time is over."""
    PIN = "pin"
    """An order wants it for good."""
    SELL = "sell"
    """Its order confirmed it."""
    RELEASE = "release"
    """It is given back, or given up before it came."""


class Move(StrEnum):
    """What a hold does to the stock of its items."""

    HELD = "held"
    """Units leave the stock."""
    RETURNED = "returned"
    """They come back."""


class IllegalTransition(Exception):
    """This cannot happen in that state: a defect, since whoever decides asks for the state first."""


TRANSITIONS: Mapping[State, Mapping[Event, State]] = MappingProxyType(
    {
        State.UNKNOWN: {Event.GRANT: State.HELD, Event.REFUSE: State.REFUSED, Event.RELEASE: State.RELEASED},
        State.REFUSED: {Event.RELEASE: State.RELEASED},
        State.HELD: {Event.EXPIRE: State.EXPIRED, Event.PIN: State.PINNED, Event.RELEASE: State.RELEASED},
        State.EXPIRED: {Event.RELEASE: State.RELEASED},
        State.PINNED: {Event.SELL: State.SOLD, Event.RELEASE: State.RELEASED},
        State.SOLD: {},
        # A tombstone stays one, whoever comes.
        State.RELEASED: {},
    }
)
"""The whole life. What is not here is illegal."""

TAKEN = frozenset({State.HELD, State.PINNED, State.SOLD})
"""States in which a hold's units are out of the stock."""


def after(state: State, event: Event) -> State:
    """Return the state after an event.

    Raises:
        IllegalTransition: It cannot happen there.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransition(f"a hold that is {state} cannot {event}") from None


def move_between(before: State, now: State) -> Move | None:
    """Return what a change of state does to the stock: exactly what follows from whether the units are out of it."""
    if (before in TAKEN) is (now in TAKEN):
        return None
    return Move.HELD if now in TAKEN else Move.RETURNED
