"""Holding stock for orders: hold, pin, confirm, release, one at a time or many orders' in one transaction.

A request and a batch go the same way. ``rows`` locks what the entries name, ``working`` lets ``holding`` and
``settling`` decide one after the other on a copy, ``rows`` writes what changed, and ``desk`` commits and answers.
"""

from .desk import StockDesk, Told
from .entries import Confirm, Entry, HoldStock, Pin, Release, Wanted
from .hold import Name
from .holding import Terms
from .sweeper import Sweeper

__all__ = [
    "Confirm",
    "Entry",
    "HoldStock",
    "Name",
    "Pin",
    "Release",
    "StockDesk",
    "Sweeper",
    "Terms",
    "Told",
    "Wanted",
]
