"""Breaks parts on purpose. Each public module of this folder is one fault; adding one adds a file."""

from trivet_lab.faults._conditions import conditions_of
from trivet_lab.faults._conductor import Conductor, FaultFailed
from trivet_lab.faults._fault import Fault, FaultError, Seen, Target
from trivet_lab.faults._find import find_faults
from trivet_lab.faults._schedule import plan_faults
from trivet_lab.faults._targets import family_of

__all__ = [
    "Conductor",
    "Fault",
    "FaultError",
    "FaultFailed",
    "Seen",
    "Target",
    "conditions_of",
    "family_of",
    "find_faults",
    "plan_faults",
]
