"""A connection that is torn down: both ends learn of it at once."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.faults._link_fault import LinkFault
from trivet_platform import Link


class Reset(LinkFault):
    """Cuts every connection by RST, and every new one, until it is healed."""

    NAME: ClassVar[str] = "reset"
    PROVES: ClassVar[str] = "A connection that is cut leaves nothing half done, and the next one is opened by itself."
    COUNT: ClassVar[str] = "cut"
    DID: ClassVar[str] = "connections reset"

    def break_link(self, link: Link) -> None:
        """Cut them."""
        link.reset()
