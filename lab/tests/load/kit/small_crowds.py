"""Crowds small enough to be looked at whole, whatever their errand, and what holds of each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from trivet_lab.load import Phase, Plan, read_plan, write_plan
from trivet_lab.load.schedule import schedule

CLIENTS = 9
W = TypeVar("W", bound=msgspec.Struct)


def small_crowd(errand: Any, /, path: Path | str = "x", **fields: Any) -> Plan:
    """Return the plan of a crowd that comes for two seconds; ``fields`` are its plan's."""
    usual = {
        "seed": 7,
        "url": "http://127.0.0.1:1",
        "epoch_ns": 0,
        "clients": CLIENTS,
        "phases": [Phase("steady", 60, 2)],
        "directory": str(path),
        "errand": errand,
    }
    return Plan(**usual | fields)


def one_way(kind: type[W], name: str) -> W:
    """Return the weights of a crowd whose visits all go one way."""
    return kind(**{field.name: float(field.name == name) for field in msgspec.structs.fields(kind)})


def expect_one_crowd(plan: Plan) -> None:
    """Fail unless a plan is one crowd each time that it is drawn, due in order, and from its own devices."""
    streams = [list(stream) for stream in plan.errand.drafts(plan)]
    assert streams == [list(stream) for stream in plan.errand.drafts(plan)]
    for stream in streams:
        due = [draft.due_ns for draft in stream]
        assert due == sorted(due)
        assert all(0 <= draft.client < CLIENTS for draft in stream)


def expect_kept(plan: Plan, other: Plan, path: Path) -> Path:
    """Fail unless a plan that is written is read again, and another seed's is another crowd; return the file."""
    assert list(schedule(plan)) != list(schedule(other))
    assert read_plan(write_plan(path, plan)) == plan
    return path
