"""A world in memory for checkouts, with time that passes by itself, an adversary, and an oracle that knows no saga."""

from .adversary import Adversary, AdverseParticipant
from .cast import CANCELLED, CONFIRMED, Expected, everybody
from .gates import Crash, Gate
from .oracle import Evidence, violations
from .seeds import chance
from .virtual_time import Stuck, VirtualTime
from .world import PACE, Watcher, Worker, World

__all__ = [
    "CANCELLED",
    "CONFIRMED",
    "PACE",
    "Adversary",
    "AdverseParticipant",
    "Crash",
    "Evidence",
    "Expected",
    "Gate",
    "Stuck",
    "VirtualTime",
    "Watcher",
    "Worker",
    "World",
    "chance",
    "everybody",
    "violations",
]
