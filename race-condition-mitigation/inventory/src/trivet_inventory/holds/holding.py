"""Deciding a hold: all of its units or none, at the prices of this moment, for a while. A pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trivet_chassis import Answer, InvalidRequest, KeyReused, refusal
from trivet_inventory.errors import NoSuchItem
from trivet_inventory.holds import telling
from trivet_inventory.holds.entries import HoldStock
from trivet_inventory.holds.hold import Hold, Item, Line
from trivet_inventory.holds.states import Event, State


@dataclass(frozen=True, slots=True)
class Terms:
    """How long holds may live, in ms: one that names no time, and the longest that may be asked for."""

    ttl_ms: int
    ttl_ms_max: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What is answered, and the hold as it stands from now on if that changed."""

    answer: Answer
    hold: Hold | None = None


def decide_hold(asked: HoldStock, hold: Hold, shelf: Mapping[str, Item], now: datetime, terms: Terms) -> Decision:
    """Hold what is there, or say why not.

    The id is the request's key: who repeats it is told what was told first, whatever became of the hold since. Only
    after a release nothing is granted under it any more, be it the answer of an earlier time.

    Args:
        asked: What is wanted.
        hold: The hold as it stands.
        shelf: The items as this transaction has them, all locked; of a hold that is known already none is needed.
        now: The database's time, after the locks were taken.
        terms: For how long.

    Raises:
        KeyReused: The id belongs to another hold.
        HoldReleased: It was given back, or given up before it came.
        NoSuchItem: Nothing is kept of it: a later try may find the item.
        InvalidRequest: Its items have prices of several currencies, or it asks for more time than may be asked for.
    """
    if hold.state is not State.UNKNOWN:
        return _again(asked, hold)
    ttl_ms = terms.ttl_ms if asked.ttl_ms is None else asked.ttl_ms
    if ttl_ms > terms.ttl_ms_max:
        raise InvalidRequest.of_faults([(("ttl_ms",), f"must be at most {terms.ttl_ms_max}")])
    for line in asked.lines:
        if line.item_id not in shelf:
            raise NoSuchItem(line.item_id)
    items = [shelf[line.item_id] for line in asked.lines]
    currencies = {item.currency for item in items}
    if len(currencies) > 1:
        sentence = f"the items have prices in {', '.join(sorted(currencies))}: a hold has one currency"
        raise InvalidRequest.of_faults([(("lines",), sentence)])
    wanted = replace(
        hold,
        payload=asked.payload,
        lines=tuple(
            Line(item.id, line.quantity, item.unit_price_minor) for item, line in zip(items, asked.lines, strict=True)
        ),
        currency=items[0].currency,
        ttl_ms=ttl_ms,
    )
    for item, line in zip(items, asked.lines, strict=True):
        if item.stock < line.quantity:
            refused = replace(wanted.on(Event.REFUSE), short_item_id=item.id)
            return Decision(refusal(telling.short(refused)), refused)
    expires_at = now + timedelta(milliseconds=ttl_ms)
    made = replace(wanted.on(Event.GRANT), expires_at=expires_at)
    return Decision(telling.granted(made), made)


def _again(asked: HoldStock, hold: Hold) -> Decision:
    if hold.payload is not None and hold.payload != asked.payload:
        raise KeyReused(f"the id {hold.name.id} was used for another hold")
    if hold.state is State.RELEASED:
        raise telling.over(hold)
    if hold.state is State.REFUSED:
        told = refusal(telling.short(hold))
        return Decision(Answer(told.status, told.body, replayed=True))
    return Decision(telling.granted(hold, again=True))
