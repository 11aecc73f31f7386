"""Whom a fault that was asked for hits: it exists, it takes the argument, and it can be done to these parts."""

from __future__ import annotations

import random
from collections.abc import Sequence

from trivet_lab.faults._fault import FaultError
from trivet_lab.faults._find import fault_named
from trivet_lab.faults._targets import choose, kind_of


def aim(fault: str, target: str, argument: str, parts: Sequence[str], chance: random.Random) -> list[str]:
    """Return the parts that a fault is to hit; the same chance gives the same.

    Raises:
        FaultError: one sentence about the first thing that is wrong.
    """
    kind = fault_named(fault)
    kind.check_argument(argument)
    if (reason := kind.blocker()) is not None:
        raise FaultError(f"{fault} cannot be done on this machine: {reason}")
    chosen = choose(target, parts, chance)
    if kind.KINDS is not None and (strangers := [part for part in chosen if kind_of(part) not in kind.KINDS]):
        raise FaultError(f"{fault} cannot hit {strangers[0]}, only a {' or '.join(sorted(kind.KINDS))}")
    return chosen
