"""The control API of a shop that is up: lists, starts, stops, breaks and heals its parts, on loopback alone."""

from trivet_lab.control.answers import BrokenPart, Fault, Faults, Healed, PartChanged, PartStatus, Wanted
from trivet_lab.control.client import ControlClient, ControlRefused
from trivet_lab.control.running import CONTROL_URL, NothingUp, Running, find_running
from trivet_lab.control.server import ControlServer

__all__ = [
    "CONTROL_URL",
    "BrokenPart",
    "ControlClient",
    "ControlRefused",
    "ControlServer",
    "Fault",
    "Faults",
    "Healed",
    "NothingUp",
    "PartChanged",
    "PartStatus",
    "Running",
    "Wanted",
    "find_running",
]
