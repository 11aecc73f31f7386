"""A server that lost the connection while its client still believes in it."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.faults._link_fault import LinkFault
from trivet_platform import Link


class HalfOpen(LinkFault):
    """Cuts the server's side and leaves the client's open: it waits for answers that never come."""

    NAME: ClassVar[str] = "half_open"
    PROVES: ClassVar[str] = (
        "A session that is gone on the server's side holds no lock, and its client gives up in time."
    )
    COUNT: ClassVar[str] = "dropped"
    DID: ClassVar[str] = "bytes sent into nothing"

    def break_link(self, link: Link) -> None:
        """Cut the server's side."""
        link.half_open()
