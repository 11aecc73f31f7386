"""Inventory, Reservation and the wallet in memory, each with a ledger of all that it ever did.

They keep what the services promise: a repeated command is answered as the first time, what comes after its own undoing
is refused, and all of an answer or nothing of it happens. ``Ledgers`` are what an auditor is shown.
"""

from __future__ import annotations

from .inventory import MemoryInventory
from .ledgers import Ledgers, MoneyEntry, SeatEntry, StockEntry
from .seats import MemorySeats
from .wallet import MemoryWallet

__all__ = [
    "Ledgers",
    "MemoryInventory",
    "MemoryParticipants",
    "MemorySeats",
    "MemoryWallet",
    "MoneyEntry",
    "SeatEntry",
    "StockEntry",
]


class MemoryParticipants:
    """The three of them, with one order of entries."""

    def __init__(self) -> None:
        self.ledgers = Ledgers()
        self.stock = MemoryInventory(self.ledgers)
        self.seats = MemorySeats(self.ledgers)
        self.wallet = MemoryWallet(self.ledgers)
