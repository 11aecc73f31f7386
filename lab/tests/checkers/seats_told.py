"""What is told to a crowd that a right reservation would not tell, for bad histories."""

import copy
from collections.abc import Callable
from typing import Any

Damage = Callable[[Any], object]
Cases = dict[str, tuple[set[str], Damage]]


def register(cases: Cases) -> Callable[..., Callable[[Damage], Damage]]:
    """Return what registers a damage to the right history, with the rules that catch it, and no other."""

    def bad(*caught_by: str) -> Callable[[Damage], Damage]:
        def keep(damage: Damage) -> Damage:
            cases[damage.__name__] = (set(caught_by), damage)
            return damage

        return keep

    return bad


def granted(hall: Any, hold: str, seats: str, *spans: tuple[Any, ...], ttl_ms: int = 1000) -> Any:
    """Tell of a grant that the service never made."""
    lines = [{"seat": seat, "unit_price_minor": hall.service.shows["hall"][seat]} for seat in seats.split()]
    args = {"show_id": "hall", "id": hold, "subject": hold.partition("/")[0], "seats": seats.split(), "ttl_ms": ttl_ms}
    body = {"id": hold, "show_id": "hall", "state": "held", "seats": seats.split(), "lines": lines}
    body |= {"total_minor": sum(line["unit_price_minor"] for line in lines), "currency": "EUR"}
    body |= {"expires_in_ms": ttl_ms, "expires_at": "soon"}
    return hall.tell("hold", args, (201, body), *[(a * 1_000_000, b * 1_000_000) for a, b in spans])


def refused(hall: Any, hold: str, seats: str, named: str, call_ms: int, return_ms: int) -> Any:
    args = {"show_id": "hall", "id": hold, "subject": hold.partition("/")[0], "seats": seats.split(), "ttl_ms": 1000}
    problem = {"code": "already-held", "status": 409, "seats": named.split()}
    return hall.tell("hold", args, (409, problem), (call_ms * 1_000_000, return_ms * 1_000_000))


def extended(hall: Any, hold: str, call_ms: int, return_ms: int) -> Any:
    args = {"show_id": "hall", "id": hold, "subject": hold.partition("/")[0], "ttl_ms": 2000}
    body = {"id": hold, "show_id": "hall", "state": "held", "expires_in_ms": 2000}
    return hall.tell("extend", args, (200, body), (call_ms * 1_000_000, return_ms * 1_000_000))


def again(hall: Any, f: str, hold: str, call_ms: int, return_ms: int, **changes: Any) -> Any:
    """Tell of an operation once more, with another answer."""
    operation = copy.deepcopy(hall.operation(f, hold))
    operation["op"] = len(hall.history)
    operation["attempts"][-1] |= {"call_ns": call_ms * 1_000_000, "return_ns": return_ms * 1_000_000}
    operation["value"] |= changes
    del operation["attempts"][:-1]
    hall.history.append(operation)
    return operation


def seat(hall: Any, name: str) -> Any:
    """Return a seat of the map at rest."""
    found = next(each for each in hall.history if each["f"] == "seat_map")
    return next(seat for block in found["value"]["blocks"] for seat in block["seats"] if seat["id"] == name)
