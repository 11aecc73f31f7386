"""A slow network: everything arrives, and late."""

from __future__ import annotations

import re
from typing import ClassVar

from trivet_lab.faults._fault import FaultError
from trivet_lab.faults._link_fault import LinkFault
from trivet_platform import Link

_LENGTHS = re.compile(r"(?P<ms>\d+)ms(?:~(?P<jitter>\d+)ms)?")
DEFAULT = "200ms"


class Delay(LinkFault):
    """Holds everything for a while each way: ``delay=200ms``, or ``delay=200ms~50ms`` give or take."""

    NAME: ClassVar[str] = "delay"
    PROVES: ClassVar[str] = "A slow server costs time or a refusal, and a lease that ran out meanwhile is not used."
    COUNT: ClassVar[str] = "delayed"
    DID: ClassVar[str] = "bytes held back"

    @classmethod
    def check_argument(cls, argument: str) -> None:
        """Take a length of time, with or without jitter."""
        if not _LENGTHS.fullmatch(argument or DEFAULT):
            raise FaultError(f"delay={argument} is no delay: write delay=200ms or delay=200ms~50ms")

    def break_link(self, link: Link) -> None:
        """Hold everything."""
        found = _LENGTHS.fullmatch(self.argument or DEFAULT)
        if found is not None:
            link.delay(int(found["ms"]), int(found["jitter"] or 0))
