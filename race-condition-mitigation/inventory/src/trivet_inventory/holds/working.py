"""A transaction's working copy: the holds and items that it locked, and what its entries make of them. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from trivet_inventory.holds.entries import Confirm, Entry, HoldStock, Pin, Release
from trivet_inventory.holds.hold import Hold, Item, Name
from trivet_inventory.holds.holding import Decision, Terms, decide_hold
from trivet_inventory.holds.settling import decide_confirm, decide_pin, decide_release
from trivet_inventory.holds.states import Event, Move, State, move_between


@dataclass(frozen=True, slots=True)
class Moved:
    """Units that a hold took out of the stock or brought back, with the item as it was after it."""

    name: Name
    kind: Move
    quantity: int
    item: Item


class Working:
    """What many entries make of the rows that one transaction has locked, one entry after the other.

    An entry sees what those before it did, as if each had a transaction of its own; one that is refused changes
    nothing, or just what its refusal says. So an answer is the same alone and in a batch.
    """

    def __init__(self, holds: Mapping[Name, Hold], now: datetime, terms: Terms) -> None:
        self._found = holds
        self._holds = dict(holds)
        self._now = now
        self._terms = terms
        self._items: dict[str, Item] = {}
        self._read: dict[str, Item] = {}
        self.moves: list[Moved] = []

    def stock(self, items: Iterable[Item], now: datetime) -> None:
        """Take over the items that were locked, and the time after that."""
        self._items = {item.id: item for item in items}
        self._read = dict(self._items)
        self._now = max(self._now, now)

    def needed(self, entries: Iterable[Entry], over: Iterable[Name]) -> list[str]:
        """Return the items whose stock may change, in the order in which they are to be locked."""
        items = {line.item_id for name in over for line in self._holds[name].lines}
        for entry in entries:
            hold = self._holds.get(entry.name)
            if isinstance(entry, HoldStock) and hold is None:
                items.update(line.item_id for line in entry.lines)
            elif isinstance(entry, Release) and hold is not None and hold.state in {State.HELD, State.PINNED}:
                items.update(line.item_id for line in hold.lines)
        return sorted(items)

    def expire(self, names: Iterable[Name]) -> None:
        """End holds whose time is over before anybody asks for them, so that nothing is decided of a stale one."""
        for name in names:
            self._keep(self._holds[name].on(Event.EXPIRE))

    def decide(self, entry: Entry) -> Decision:
        """Decide one entry, and keep what it changes.

        Raises:
            ServiceError: It is refused, and changed nothing.
        """
        hold = self._holds.get(entry.name, Hold(entry.name))
        match entry:
            case HoldStock():
                decision = decide_hold(entry, hold, self._items, self._now, self._terms)
            case Pin():
                decision = decide_pin(entry, hold)
            case Confirm():
                decision = decide_confirm(entry, hold)
            case Release():
                decision = decide_release(entry, hold)
            case _:
                assert_never(entry)
        if decision.hold is not None:
            self._keep(decision.hold)
        return decision

    @property
    def made(self) -> list[Hold]:
        """The holds that were not known before, by name: whoever inserts them waits for others in one order."""
        return [self._holds[name] for name in sorted(self._holds) if name not in self._found]

    @property
    def changed(self) -> list[Hold]:
        """The holds that were known before and are not as they were."""
        return [hold for name, hold in self._holds.items() if name in self._found and hold is not self._found[name]]

    @property
    def items(self) -> list[tuple[Item, Item]]:
        """The items that were moved, as they were read and as they are now."""
        return [(self._read[name], item) for name, item in self._items.items() if item is not self._read[name]]

    def _keep(self, hold: Hold) -> None:
        before = self._holds.get(hold.name)
        kind = move_between(State.UNKNOWN if before is None else before.state, hold.state)
        moved = (
            [] if kind is None else [self._moved(hold.name, kind, line.item_id, line.quantity) for line in hold.lines]
        )
        for move in moved:  # all of them, or an exception before the first
            self._items[move.item.id] = move.item
        self.moves += moved
        self._holds[hold.name] = hold

    def _moved(self, name: Name, kind: Move, item_id: str, quantity: int) -> Moved:
        item = self._items[item_id]
        stock = item.stock - quantity if kind is Move.HELD else item.stock + quantity
        return Moved(name, kind, quantity, replace(item, stock=stock, item_version=item.item_version + 1))
