"""What parts must be started with so that a fault can happen in them later."""

from __future__ import annotations

from collections.abc import Sequence

from trivet_lab.evidence import PlannedFault
from trivet_lab.faults._find import fault_named


def variables_of(planned: Sequence[PlannedFault]) -> dict[str, dict[str, str]]:
    """Return the environment that each part needs, by its name; values for one variable are joined by commas."""
    found: dict[str, dict[str, str]] = {}
    for fault in planned:
        for name, value in fault_named(fault.fault).environment(fault.argument).items():
            for part in fault.parts:
                own = found.setdefault(part, {})
                own[name] = f"{own[name]},{value}" if name in own else value
    return found
