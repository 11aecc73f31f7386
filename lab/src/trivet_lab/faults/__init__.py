"""Breaks parts on purpose. Each public module of this folder is one fault; adding one adds a file."""

from trivet_lab.faults._aim import aim
from trivet_lab.faults._conditions import conditions_of
from trivet_lab.faults._conductor import Conductor, FaultFailed
from trivet_lab.faults._course import Course
from trivet_lab.faults._fault import Fault, FaultError, Seen, Target, moved, targets_of
from trivet_lab.faults._find import fault_named, find_faults
from trivet_lab.faults._schedule import AskedNow, plan_faults, read_fault
from trivet_lab.faults._stopped import is_stopped
from trivet_lab.faults._targets import LINK, family_of, kind_of

__all__ = [
    "LINK",
    "AskedNow",
    "Conductor",
    "Course",
    "Fault",
    "FaultError",
    "FaultFailed",
    "Seen",
    "Target",
    "aim",
    "conditions_of",
    "family_of",
    "fault_named",
    "find_faults",
    "is_stopped",
    "kind_of",
    "moved",
    "plan_faults",
    "read_fault",
    "targets_of",
]
