"""What parts must be started under so that a fault can happen in them later."""

from __future__ import annotations

from collections.abc import Sequence

from trivet_lab.evidence import PlannedFault
from trivet_lab.faults._find import fault_named
from trivet_platform import Conditions


def conditions_of(planned: Sequence[PlannedFault]) -> dict[str, Conditions]:
    """Return what each part needs, by its name; a part that needs nothing is absent."""
    found: dict[str, Conditions] = {}
    for fault in planned:
        needs = fault_named(fault.fault).needs(fault.argument)
        if needs != Conditions():
            for part in fault.parts:
                found[part] = _together(found[part], needs) if part in found else needs
    return found


def _together(one: Conditions, other: Conditions) -> Conditions:
    """Return what serves two faults: values for one variable joined by commas, and the smaller disk."""
    variables = dict(one.variables)
    for name, value in other.variables.items():
        variables[name] = f"{variables[name]},{value}" if name in variables else value
    disks = [bytes_ for bytes_ in (one.disk_bytes, other.disk_bytes) if bytes_ is not None]
    return Conditions(variables, one.own_clock or other.own_clock, min(disks, default=None))
