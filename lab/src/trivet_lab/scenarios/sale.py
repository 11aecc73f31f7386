"""What every sale is made of: items, a crowd, samples of the stock, and the rules that any sale must keep."""

from __future__ import annotations

from typing import cast

from trivet_lab.evidence import VariantDirectory
from trivet_lab.load import STAFF, Plan, Sale
from trivet_lab.scene import Cue, Sampler, request_json, send_crowd
from trivet_lab.verdict import count_overlaps, count_stock

PRICE_MINOR = 4_900
DRAIN_S = 10
RULES = (
    "history_whole",
    "no_defects",
    "answers_complete",
    "generator_on_time",
    "supply_as_planned",
    "contention",
    "no_oversell",
    "stock_never_negative",
    "stock_conserved",
    "no_lost_purchase",
    "no_phantom_purchase",
    "one_row_a_key",
    "refusals_legal",
    "busy_legal",
    "fences_monotone",
)
REAL = (
    "PostgreSQL 18 with fsync and synchronous_commit on",
    "five independent Valkey 9 masters",
    "Envoy as the load balancer, two replicas of the service behind it",
    "every request over TCP, every verdict from the service's own ledger",
)
REDLOCK = {
    "TRIVET_INVENTORY_STRATEGY": "redlock",
    # The masters share this machine's cores with the crowd: a late answer is a busy core, no dead node.
    "TRIVET_INVENTORY_LOCK_NODE_DEADLINE_MS": "250",
    "TRIVET_INVENTORY_LOG_LEVEL": "debug",  # holders tell of their leases there
}


def sell(plan: Plan, cue: Cue) -> None:
    """Put the items on sale, send the crowd, and sample the stock while it buys."""
    token = cue.stage.tokens([STAFF], "items.write").get(STAFF)
    for item in cast("Sale", plan.errand).items:
        body = {"id": item.id, "stock": item.stock, "unit_price_minor": PRICE_MINOR, "currency": "EUR"}
        request_json("POST", f"{cue.stage.url}/items", body, key=f"{cue.seed}-{item.id}", token=token)
    with Sampler(cue.stage, cue.directory):
        send_crowd(plan, cue)


def figures(directory: VariantDirectory) -> dict[str, int]:
    """Count units sold, units sold that did not exist and, where holders told of leases, how often two met."""
    stock = count_stock(directory)
    return stock | count_overlaps(directory) if stock else {}
