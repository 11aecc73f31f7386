"""The answer to COMMIT is lost: the purchase lasts, and the service cannot know."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.faults._link_fault import LinkFault
from trivet_platform import Link

PGX_COMMIT = b"Q\x00\x00\x00\x0bcommit\x00"
"""The message that Go's driver sends."""


class CutAfterCommit(LinkFault):
    """Lets PostgreSQL execute COMMIT and cuts the connection before its answer, each time until it is healed."""

    NAME: ClassVar[str] = "cut_after_commit"
    PROVES: ClassVar[str] = "An unknown outcome is never told as a no: the same key finds the purchase that did happen."
    COUNT: ClassVar[str] = "matched"
    DID: ClassVar[str] = "COMMITs executed whose answer was lost"
    PATIENCE_S: ClassVar[float | None] = None

    def break_link(self, link: Link) -> None:
        """Cut after COMMIT."""
        link.cut_after(b"COMMIT", PGX_COMMIT)
