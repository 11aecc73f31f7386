"""Crowds that want seats: small ones, and ones that all go one way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from small_crowds import one_way, small_crowd

from trivet_lab.load import Again, Plan, Seating, Show, Ways
from trivet_lab.load.draft import Request
from trivet_lab.load.schedule import Intent, schedule

WAYS = msgspec.structs.fields(Ways)
SHOWS = [Show("main", 60, per_row=10), Show("cellar", 1)]


def crowd_of(path: Path | str = "x", **fields: Any) -> Plan:
    """Return a small crowd; ``fields`` are its plan's, or its errand's."""
    own = {name: fields.pop(name) for name in ("shows", "ways", "looked", "mistaken", "reused") if name in fields}
    usual = {"inside": ("http://127.0.0.1:2", "http://127.0.0.1:3"), "again": [Again(0.0, 0.1)]}
    return small_crowd(Seating(**{"shows": SHOWS, "ttl_ms_max": 1_200} | own), path, **usual | fields)


def only(way: str, **fields: Any) -> Plan:
    """Return a crowd whose visits all go one way, and do nothing beside it."""
    return crowd_of(**{"ways": one_way(Ways, way), "looked": 0.0, "mistaken": 0.0, "reused": 0.0, "again": []} | fields)


def asked(plan: Plan) -> list[tuple[Intent, Request]]:
    """Return every operation, those that are sent together too."""
    return [(intent, each) for intent in schedule(plan) for each in intent.request.entries or (intent.request,)]
