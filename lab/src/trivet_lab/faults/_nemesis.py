"""A mix of faults by chance, one after the other, with room to recover between them and at the end."""

from __future__ import annotations

import random
from collections.abc import Sequence

from trivet_lab.evidence import PlannedFault
from trivet_lab.faults._fault import FaultError
from trivet_lab.faults._targets import choose, family_of

# Each alone can be survived, so a mix of them proves something. What cannot be, and what not every machine can do (a
# seed repeats its mix everywhere), is asked for by name.
MIX = (
    ("kill", "inventory-api/one"),
    ("pause", "inventory-api/one"),
    ("restart", "inventory-api/one"),
    ("kill", "valkey/one"),
    ("kill", "valkey/minority"),
    ("pause", "valkey/minority"),
    ("restart_empty", "valkey/one"),
    ("kill", "postgres"),
    ("restart", "postgres"),
    ("kill", "envoy"),
    ("delay", "inventory-api-1-to-valkey/one"),
    ("black_hole", "inventory-api-2-to-valkey/one"),
    ("delay", "inventory-api-2-to-postgres"),
    ("reset", "inventory-api-1-to-postgres"),
    ("black_hole", "inventory-api-1-to-postgres"),
    ("half_open", "inventory-api-2-to-postgres"),
    ("cut_after_commit", "inventory-api-1-to-postgres"),
)
FIRST_S = 1.0
LASTS_S = (0.3, 1.5)
REST_S = (1.0, 2.5)
QUIET_SHARE = 0.35
QUIET_S_MAX = 20
"""The last share of the load, so many seconds at most, is left in peace: it shows whether the shop came back."""


def mix(parts: Sequence[str], chance: random.Random, load_s: float) -> list[PlannedFault]:
    """Return a schedule for so much load; the same chance gives the same.

    Raises:
        FaultError: the load is too short for a single fault.
    """
    families = {family_of(part) for part in parts}
    possible = [(fault, target) for fault, target in MIX if family_of(target.partition("/")[0]) in families]
    planned = []
    at_s = FIRST_S
    end_s = load_s - min(load_s * QUIET_SHARE, QUIET_S_MAX)
    while possible and at_s < end_s:
        fault, target = chance.choice(possible)
        for_s = round(chance.uniform(*LASTS_S), 2)
        planned.append(PlannedFault(fault, target, choose(target, parts, chance), round(at_s, 2), for_s))
        at_s += for_s + chance.uniform(*REST_S)
    if not planned:
        raise FaultError(f"a nemesis needs more than {FIRST_S / (1 - QUIET_SHARE):.1f} s of load, not {load_s:g} s")
    return planned
