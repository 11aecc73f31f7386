"""The crowd: an open-loop load generator that runs in a process of its own and writes down what it was told.

This face is what plans a crowd and reads what became of it; what sends it runs behind ``command``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from trivet_lab.load.attendance import Again, Attendance, Phase
from trivet_lab.load.checking_out import CHECKOUT_SCOPES, CheckingOut, Good, Trips
from trivet_lab.load.flood import Flood
from trivet_lab.load.forging import FORGERIES, STOLEN
from trivet_lab.load.halls import SEATS_MAX, Show
from trivet_lab.load.ordering import ORDER_SCOPES, Ordering, Turns
from trivet_lab.load.plan import Errand, Plan, PlanError, main_operations, names_of_operations, read_plan, write_plan
from trivet_lab.load.sale import STAFF, Item, Restock, Sale, zipf_weights
from trivet_lab.load.seating import BOX_OFFICE, GUEST_SCOPES, HOLD_TTL_MS_LEAST, Seating, Ways
from trivet_lab.load.siege import ATTACK, CUSTOMER_SCOPES, MALLORY, Siege
from trivet_lab.load.spending import TILL, TILL_SCOPES, Account, Spending, Weights
from trivet_lab.load.summary import Quantiles, Second, Summary, read_summary
from trivet_lab.load.tokens import Tokens, write_tokens

__all__ = [
    "ATTACK",
    "BOX_OFFICE",
    "CHECKOUT_SCOPES",
    "CUSTOMER_SCOPES",
    "FORGERIES",
    "GUEST_SCOPES",
    "HOLD_TTL_MS_LEAST",
    "MALLORY",
    "ORDER_SCOPES",
    "SEATS_MAX",
    "STAFF",
    "STOLEN",
    "TILL",
    "TILL_SCOPES",
    "Account",
    "Again",
    "Attendance",
    "CheckingOut",
    "Errand",
    "Flood",
    "Good",
    "Item",
    "Ordering",
    "Phase",
    "Plan",
    "PlanError",
    "Quantiles",
    "Restock",
    "Sale",
    "Seating",
    "Second",
    "Show",
    "Siege",
    "Spending",
    "Summary",
    "Tokens",
    "Trips",
    "Turns",
    "Ways",
    "Weights",
    "command",
    "main_operations",
    "names_of_operations",
    "read_plan",
    "read_summary",
    "write_plan",
    "write_tokens",
    "zipf_weights",
]


def command(plan: Path) -> list[str]:
    """Return the argv that sends a plan's crowd.

    It reads the crowd's tokens from its input, to its end (``write_tokens``).

    It prints one JSON line a second on stdout and ends 0 (sent), 130 (SIGTERM or SIGINT: what was sent is
    written) or 254 (no crowd came about; stderr says why).
    """
    return [sys.executable, "-m", "trivet_lab.load", str(plan)]
