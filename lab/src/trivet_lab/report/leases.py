"""What the page shows of leases: two that were believed at once as a proof, one that was used too long as a strip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from trivet_lab.checkers import Lease, Meeting, pair_leases
from trivet_lab.evidence import Event
from trivet_lab.report import words
from trivet_lab.report.timeline import BELIEVED, Entry

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def is_event(thing: Mapping[str, Any]) -> bool:
    """Tell a line of ``events.jsonl`` from an operation and from a ledger's row."""
    return "event" in thing


def lease_entries(lines: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """Return one entry a lease: who held it, under which fence, and for how long it was used and believed in."""
    leases = pair_leases(enumerate(msgspec.convert(line, Event) for line in lines))
    return [_entry(lease) for lease in leases]


def _entry(lease: Lease) -> Entry:
    end_ns, over_ns = lease.believed_ns, lease.over_ns
    used = None if over_ns is None else words.duration_ms((over_ns - lease.held_ns) / NS_PER_MS)
    return Entry(
        who=lease.process,
        what=f"lease on {lease.resource}",
        item=lease.resource,
        call_ms=lease.held_ns / NS_PER_MS,
        return_ms=end_ns / NS_PER_MS,
        answer="never told its end" if used is None else f"used for {used}",
        facts=[("fence", str(lease.fence))],
        attempts=[(lease.held_ns / NS_PER_MS, end_ns / NS_PER_MS, True)],
        manner=BELIEVED,
    )


def overlap_bands(meetings: Sequence[Meeting]) -> list[dict[str, float]]:
    """Return when a lease was in use although another one of its item had begun, in seconds; what touches is one."""
    bands: list[dict[str, float]] = []
    for begin_ns, end_ns in sorted((meeting.later.held_ns, meeting.end_ns) for meeting in meetings):
        begin_s, end_s = round(begin_ns / NS_PER_S, 3), round(end_ns / NS_PER_S, 3)
        if bands and begin_s <= bands[-1]["to_s"]:
            bands[-1]["to_s"] = max(bands[-1]["to_s"], end_s)
        else:
            bands.append({"from_s": begin_s, "to_s": end_s})
    return bands
