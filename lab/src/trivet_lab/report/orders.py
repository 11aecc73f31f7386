"""How operations, ledger rows and records about orders are shown: whose they are, in words, under which order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trivet_lab.report.words import counted

Thing = Mapping[str, Any]
LEDGER, TOPIC = "ledger", "topic"
_SHORT = 13
"""So much of an id tells it from the others of a run; the whole of it stands in the facts."""


def is_about_orders(thing: Thing) -> bool:
    """Whether it is an operation on orders, a row of their books, or a record of their topic."""
    if is_record(thing):
        return True
    args = thing["args"] if isinstance(thing.get("args"), Mapping) else thing
    return "show_id" not in args and ("lines" in args or "order_id" in args or thing.get("f") == "list")


def is_record(thing: Thing) -> bool:
    """Whether it is a record of a topic."""
    return "partition" in thing and "headers" in thing


def order_of(thing: Thing) -> str | None:
    """Return the order that it is about, None if nobody knows which."""
    if is_record(thing):
        return thing.get("key")
    args = thing.get("args", thing)
    named = args.get("order_id") or ((thing.get("value") or {}).get("id") if "attempts" in thing else None)
    return None if named is None else str(named)


def teller_of(thing: Thing) -> str:
    """Return whose word it is: a customer's, the books' or the topic's."""
    if is_record(thing):
        return f"{TOPIC}: partition {thing['partition']}"
    if "attempts" in thing:
        return str(thing["args"].get("customer_id", "somebody"))
    return f"{LEDGER}: {thing['customer_id']}" if "customer_id" in thing else LEDGER


def words_of(thing: Thing) -> str:
    """Return what was asked, or what a row or a record says."""
    if is_record(thing):
        told = _told(thing)
        return f"{told.get('type', 'no event')} {told.get('aggregate_version', '')}".strip()
    if "attempts" in thing:
        args = thing["args"]
        lines = counted(len(args["lines"]), "line") if "lines" in args else ""
        return " ".join(word for word in (str(thing["f"]), str(args.get("what", "")), lines) if word)
    version = thing.get("order_version", thing.get("version", ""))
    return f"{thing.get('type', thing.get('status', thing.get('state', 'key')))} {version}".strip()


def facts_of(thing: Thing) -> list[tuple[str, str]]:
    """Return what tells it from others."""
    facts = [("order", order_of(thing) or "not known")]
    if "attempts" in thing:
        return [*facts, ("operation", str(thing["op"])), *([("key", str(thing["key"]))] if thing.get("key") else [])]
    if is_record(thing):
        return [*facts, ("offset", str(thing["offset"])), ("event", str(_told(thing).get("event_id", "")))]
    named = [(name, str(thing[name])) for name in ("event_id", "key", "published", "reason") if name in thing]
    return [*facts, *named]


def title_of(order_id: str | None) -> str | None:
    """Return what an order is called above its timeline."""
    return (
        None if order_id is None else f"order {order_id[:_SHORT]}…" if len(order_id) > _SHORT else f"order {order_id}"
    )


def _told(record: Thing) -> Mapping[str, Any]:
    try:
        told = json.loads(record.get("value") or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, Mapping) else {}
