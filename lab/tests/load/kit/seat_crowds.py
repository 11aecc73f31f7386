"""Crowds that want seats: small ones, and ones that all go one way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from trivet_lab.load import Again, Phase, Plan, Seating, Show, Ways
from trivet_lab.load.draft import Request
from trivet_lab.load.schedule import Intent, schedule

WAYS = msgspec.structs.fields(Ways)
SHOWS = [Show("main", 60, per_row=10), Show("cellar", 1)]


def crowd_of(path: Path | str = "x", seed: int = 7, **fields: Any) -> Plan:
    """Return a small crowd; ``fields`` are its plan's, or its errand's."""
    own = {name: fields.pop(name) for name in ("shows", "ways", "looked", "mistaken", "reused") if name in fields}
    usual = {
        "seed": seed,
        "url": "http://127.0.0.1:1",
        "inside": ("http://127.0.0.1:2", "http://127.0.0.1:3"),
        "epoch_ns": 0,
        "clients": 9,
        "phases": [Phase("steady", 60, 2)],
        "again": [Again(0.0, 0.1)],
        "directory": str(path),
        "errand": Seating(**{"shows": SHOWS, "ttl_ms_max": 1_200} | own),
    }
    return Plan(**usual | fields)


def only(way: str, **fields: Any) -> Plan:
    """Return a crowd whose visits all go one way, and do nothing beside it."""
    ways = Ways(**{each.name: float(each.name == way) for each in WAYS})
    return crowd_of(**{"ways": ways, "looked": 0.0, "mistaken": 0.0, "reused": 0.0, "again": []} | fields)


def asked(plan: Plan) -> list[tuple[Intent, Request]]:
    """Return every operation, those that are sent together too."""
    return [(intent, each) for intent in schedule(plan) for each in intent.request.entries or (intent.request,)]
