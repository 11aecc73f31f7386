"""How rows about an order are shown that stand in other services' books: whose word it is, and what it says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from trivet_lab.report.words import number

Thing = Mapping[str, Any]
INVENTORY, RESERVATION, WALLET, ORDER = "Inventory", "Reservation", "Wallet", "Order"


def orders_in(things: Iterable[Thing]) -> set[str]:
    """Return the orders whose own row is among these beside one of a seller or of the wallet, to be told together."""
    rows = list(things)
    if not any(map(_is_elsewhere, rows)):
        return set()
    return {str(thing["order_id"]) for thing in rows if _is_order(thing)}


def is_told_of(thing: Thing, orders: Collection[str]) -> bool:
    """Whether it is such a row, of one of these orders."""
    return (_is_order(thing) or _is_elsewhere(thing)) and order_of(thing) in orders


def order_of(thing: Thing) -> str | None:
    """Return the order that a row is about: the one that it names, or that its id was made of."""
    if thing.get("order_id"):
        return str(thing["order_id"])
    name = thing.get("hold_id") or thing.get("key")
    return str(name).partition(":")[0] if name and "attempts" not in thing else None


def teller_of(thing: Thing) -> str:
    """Return in whose books it stands."""
    if "captured_minor" in thing:
        return WALLET
    if "hold_id" not in thing:
        return ORDER
    return RESERVATION if "show_id" in thing else INVENTORY


def words_of(thing: Thing) -> str:
    """Return what a row says."""
    if "captured_minor" in thing:
        of = f" of {thing['customer_account_id']}" if thing.get("customer_account_id") else ""
        back = f", {number(thing['refunded_minor'])} given back" if thing["refunded_minor"] else ""
        return f"{thing['state']}: {number(thing['captured_minor'])} taken{of}{back}"
    if "hold_id" not in thing:
        return f"{thing['status']}, paid by {thing['account_id']}"
    total = f" for {number(thing['total_minor'])}" if thing.get("total_minor") is not None else ""
    seats = f": {thing['seats']}" if thing.get("seats") else ""
    return f"hold {thing['state']}{total}{seats}"


def facts_of(thing: Thing) -> list[tuple[str, str]]:
    """Return what tells it from others."""
    names = ("hold_id", "key", "subject", "customer_id", "fence")
    return [(name.removesuffix("_id"), str(thing[name])) for name in names if thing.get(name) is not None]


def _is_order(thing: Thing) -> bool:
    return "attempts" not in thing and {"order_id", "account_id", "status"} <= thing.keys()


def _is_elsewhere(thing: Thing) -> bool:
    """Whether it is a hold's, a settlement's or a charge's row."""
    return "attempts" not in thing and ("captured_minor" in thing or {"hold_id", "state"} <= thing.keys())
