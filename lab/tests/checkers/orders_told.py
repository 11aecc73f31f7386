"""What damages a right history of orders: for each rule over orders what it exists for, made by hand."""

import copy
import json
from collections.abc import Callable
from typing import Any

Cases = dict[str, tuple[set[str], Any]]


def register(cases: Cases) -> Callable[..., Callable[[Any], Any]]:
    """Return what registers a damage to the right history, with the rules that catch it, and no other."""

    def bad(*caught_by: str) -> Callable[[Any], Any]:
        def keep(damage: Any) -> Any:
            cases[damage.__name__] = (set(caught_by), damage)
            return damage

        return keep

    return bad


def first(desk):
    """Return ann's first order."""
    return desk.operation("order")["value"]["id"]


def bobs(desk):
    """Return bob's order, which is cancelled."""
    return desk.operation("cancel")["args"]["order_id"]


def told(record, **changes):
    """Let a record tell something else."""
    record["value"] = json.dumps(json.loads(record["value"]) | changes)


def untell(desk, order_id, version):
    """Take every record of an event out of the topic."""
    for record in desk.records_of(order_id, version):
        desk.topic().remove(record)


def again(desk, f, **changes):
    """Tell of an operation once more, with another answer, later."""
    operation = copy.deepcopy(desk.operation(f))
    operation["op"] = len(desk.history)
    operation["attempts"] = [operation["attempts"][-1] | {"call_ns": 1000, "return_ns": 1010}]
    operation["value"] |= changes
    desk.history.append(operation)
    return operation
