"""A firewall that forgot the connection: bytes vanish, nothing closes, nobody learns of it."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.faults._link_fault import LinkFault
from trivet_platform import Link


class BlackHole(LinkFault):
    """Accepts connections and swallows all that comes from either side."""

    NAME: ClassVar[str] = "black_hole"
    PROVES: ClassVar[str] = (
        "Whoever waits for a silent server gives up within its deadline, and does not take silence for a no."
    )
    COUNT: ClassVar[str] = "dropped"
    DID: ClassVar[str] = "bytes swallowed"

    def break_link(self, link: Link) -> None:
        """Swallow everything."""
        link.black_hole()
