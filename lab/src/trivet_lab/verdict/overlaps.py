"""Counts how often two leases of one item were in use at once: a figure beside what was sold, and no verdict."""

from __future__ import annotations

from trivet_lab.checkers import EvidenceError, lease_meetings
from trivet_lab.evidence import VariantDirectory


def count_overlaps(directory: VariantDirectory) -> dict[str, int]:
    """Return ``lock_overlaps``; nothing where no holder told of its leases, or where the evidence is damaged."""
    try:
        return {"lock_overlaps": len(lease_meetings(directory))}
    except EvidenceError:
        return {}
