"""What all faults of the network share: a verb of a link, and a count of the link's that shows what it did."""

from __future__ import annotations

import abc
from typing import ClassVar

from trivet_lab.faults._fault import Fault, FaultError, Seen
from trivet_lab.faults._targets import LINK
from trivet_platform import Link


class LinkFault(Fault):
    """Breaks one link between a service and a server.

    A link that was told to drop bytes and met none proves nothing: *in effect* means that it has done so to real
    traffic since then (``counts()``), and the fault waits for that.
    """

    KINDS: ClassVar[frozenset[str] | None] = frozenset({LINK})
    COUNT: ClassVar[str]
    """The count that grows while it is in effect."""
    DID: ClassVar[str]
    """What that count counts, for people."""

    @abc.abstractmethod
    def break_link(self, link: Link) -> None:
        """Tell the link what to do."""

    @property
    def link(self) -> Link:
        """The part, which is a link."""
        if not isinstance(self.part, Link):
            raise FaultError(f"{self.target.name} is no link")
        return self.part

    def inject(self) -> None:
        """Break it."""
        self._before = self.link.counts()[self.COUNT]
        self.break_link(self.link)

    def probe(self) -> Seen:
        """Look what the link has done to its traffic since then."""
        done = self.link.counts()[self.COUNT] - self._before
        return Seen(in_effect=done > 0, saw=f"{done:,} {self.DID}")

    def heal(self) -> None:
        """Carry everything again, and count from here."""
        self.link.clear()
        self._before = self.link.counts()[self.COUNT]
