"""What every row of a ledger is that may be shown as a proof: it knows which line of which ledger it is."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from trivet_lab.checkers._history import Pointer


class Row(msgspec.Struct, gc=False, kw_only=True):
    """One row of ``LEDGER``; ``offset`` is the byte at which its line begins, given when the ledger is read."""

    LEDGER: ClassVar[str] = ""

    offset: int = 0

    @property
    def pointer(self) -> Pointer:
        """Where the row stands in its ledger."""
        return (self.LEDGER, self.offset)
