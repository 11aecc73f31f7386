"""Judges what one variant left in its directory. Each public module of this folder is one checker.

A checker is pure: it reads the history and the ledgers, starts nothing and asks nobody. Adding one adds a file.
"""

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._judge import all_checkers, check_variant
from trivet_lab.checkers._leases import Lease, Meeting, lease_meetings, pair_leases

__all__ = [
    "Batch",
    "Checker",
    "Evidence",
    "EvidenceError",
    "Lease",
    "Meeting",
    "Ruling",
    "all_checkers",
    "check_variant",
    "lease_meetings",
    "pair_leases",
]
