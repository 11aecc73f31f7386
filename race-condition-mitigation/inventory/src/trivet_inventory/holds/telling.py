"""What whoever asked is told of a hold: the bodies of answers, made of the hold alone and so the same each time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from trivet_chassis import Answer, NotFound, ServiceError, success
from trivet_inventory.errors import HoldExpired, HoldReleased, OutOfStock
from trivet_inventory.holds.hold import Hold, Name
from trivet_inventory.holds.states import State


def granted(hold: Hold, *, again: bool = False) -> Answer:
    """Tell of a hold what was granted, whatever became of it since: an answer that was lost is told again."""
    assert hold.expires_at is not None  # noqa: S101  - what was granted has an end
    told = {
        **_named(hold.name),
        "state": State.HELD,
        **_priced(hold),
        "expires_at": stamp(hold.expires_at),
        "expires_in_ms": hold.ttl_ms,
    }
    return _told(201, told, again=again)


def settled(hold: Hold, state: State, *, again: bool = False) -> Answer:
    """Tell an order that it has what it pinned or bought."""
    return _told(200, {**_named(hold.name), "order_id": hold.order_id, "state": state, **_priced(hold)}, again=again)


def released(name: Name, *, again: bool = False) -> Answer:
    """Tell that a hold is over, or can never begin."""
    return _told(200, {**_named(name), "state": State.RELEASED}, again=again)


def standing(hold: Hold) -> dict[str, Any]:
    """Tell how a hold stands now."""
    ends = hold.state in {State.HELD, State.EXPIRED} and hold.expires_at
    return {
        **_named(hold.name),
        "state": hold.state,
        "order_id": hold.order_id,
        **_priced(hold),
        "expires_at": stamp(ends) if ends else None,
    }


def over(hold: Hold) -> ServiceError:
    """Return why nothing more can be done with a hold that no order has.

    Raises:
        ValueError: An order has it, or may still have it.
    """
    name = hold.name.id
    match hold.state:
        case State.UNKNOWN:
            return NotFound(f"there is no hold {name} of this subject", hold_id=name)
        case State.EXPIRED:
            return HoldExpired(f"the time of {name} is over", hold_id=name)
        case State.RELEASED:
            return HoldReleased(f"{name} was given back, or given up before it came", hold_id=name)
        case State.REFUSED:
            return short(hold)
        case _:
            raise ValueError(f"a hold that is {hold.state} is not over")


def short(hold: Hold) -> OutOfStock:
    """Return why a hold was refused."""
    (line,) = (line for line in hold.lines if line.item_id == hold.short_item_id)
    sentence = f"less than {line.quantity} of {line.item_id} is left"
    return OutOfStock(sentence, item_id=line.item_id, quantity=line.quantity)


def stamp(at: datetime) -> str:
    """Write a time as every service does: RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(status: int, body: dict[str, Any], *, again: bool) -> Answer:
    answer = success(status, body)
    return Answer(answer.status, answer.body, replayed=again)


def _named(name: Name) -> dict[str, Any]:
    return {"id": name.id, "subject": name.subject}


def _priced(hold: Hold) -> dict[str, Any]:
    lines = [
        {"item_id": line.item_id, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor}
        for line in hold.lines
    ]
    return {"lines": lines, "total_minor": hold.total_minor, "currency": hold.currency}
