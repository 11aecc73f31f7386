"""How operations and ledger rows about seats are shown: whose they are, in words, and which belong to one story.

A witness names holds that met at a seat. Whatever is about one hold, or about holds that share a seat of it, is one
story, told under the seat that most of it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Thing = Mapping[str, Any]
_Node = tuple[str, ...]
_SETTLED = frozenset({"pin", "confirm"})
_DONE = {"hold": "held", "extend": "extended", "pin": "pinned", "confirm": "sold", "release": "released"}
LEDGER = "ledger: "


def is_about_seats(thing: Thing) -> bool:
    """Whether an operation or a ledger's row is about a show."""
    return "show_id" in (thing["args"] if isinstance(thing.get("args"), Mapping) else thing)


def stories_of(things: Iterable[Thing]) -> dict[int, str]:
    """Return for each thing about seats, by its place, the seat under which it is told; a show if none is known."""
    nodes = {place: _nodes(thing) for place, thing in enumerate(things) if is_about_seats(thing)}
    parent: dict[_Node, _Node] = {}

    def root(node: _Node) -> _Node:
        while (above := parent.setdefault(node, node)) != node:
            node = above
        return node

    for own in nodes.values():
        for node in own:
            parent[root(node)] = root(own[0])
    seats: dict[_Node, Counter[str]] = {}
    for own in nodes.values():
        seats.setdefault(root(own[0]), Counter()).update(node[2] for node in own if node[0] == "seat")
    told = {top: min(count, key=lambda seat: (-count[seat], seat)) for top, count in seats.items() if count}
    return {place: told.get(root(own[0]), own[0][1]) for place, own in nodes.items()}


def seats_of(thing: Thing) -> Sequence[str]:
    """Return the seats that an operation or a row names."""
    if "attempts" not in thing:
        return [str(thing["seat_id"])] if "seat_id" in thing else []
    value = thing.get("value") or {}
    named = value.get("seats") if thing["outcome"] == "ok" else None
    return list(named or thing["args"].get("seats", ()))


def owner_of(thing: Thing) -> str:
    """Return whose hold it is about; a row speaks for the ledger."""
    args = thing.get("args", thing)
    subject = str(args.get("subject", "somebody"))
    return subject if "attempts" in thing else f"{LEDGER}{subject}"


def words_of(thing: Thing) -> str:
    """Return what was asked, or what a row says."""
    args = thing.get("args", thing)
    seats = ", ".join(seats_of(thing))
    verb = str(thing["f"]).replace("_", " ") if "attempts" in thing else str(thing.get("state", ""))
    order = f"for {args['order_id']}" if args.get("order_id") else ""
    return " ".join(word for word in (verb, seats, order) if word)


def done_of(thing: Thing) -> str:
    """Return what somebody was told who was told that it is done; empty for anybody else."""
    return _DONE.get(str(thing["f"]), "") if "attempts" in thing and thing["outcome"] == "ok" else ""


def facts_of(thing: Thing) -> list[tuple[str, str]]:
    """Return what tells it from others."""
    args = thing.get("args", thing)
    facts = [("hold", str(args.get("id", args.get("hold_id", ""))))]
    if "attempts" in thing:
        facts.append(("operation", str(thing["op"])))
    fence = (thing.get("value") or {}).get("fence") if "attempts" in thing else thing.get("fence")
    return [*facts, *([("fence", str(fence))] if fence is not None else [])]


def settler_of(thing: Thing) -> tuple[str, ...] | None:
    """Return by which order of which hold it is, None if by none: rows and operations of one settlement share it."""
    args = thing.get("args", thing)
    named = [args.get("show_id"), args.get("subject"), args.get("id", args.get("hold_id")), args.get("order_id")]
    return None if None in named else tuple(map(str, named))


def taken_by(thing: Thing) -> frozenset[str]:
    """Return the seats that it made somebody's until their order ends it."""
    if "attempts" in thing:
        settled = thing["f"] in _SETTLED and thing["outcome"] == "ok"
    else:
        settled = thing.get("state") in {"pinned", "sold"}
    return frozenset(seats_of(thing)) if settled else frozenset()


def _nodes(thing: Thing) -> list[_Node]:
    args = thing.get("args", thing)
    show = str(args["show_id"])
    nodes: list[_Node] = [("seat", show, seat) for seat in seats_of(thing)]
    hold = args.get("id", args.get("hold_id"))
    if hold is not None:
        nodes.append(("hold", show, str(args.get("subject")), str(hold)))
    return nodes or [("show", show)]
