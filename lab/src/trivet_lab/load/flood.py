"""A sale beside which one person asks without end, as scripts do that want to see each ticket first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from trivet_lab.load.attendance import Attendance, is_positive
from trivet_lab.load.draft import Draft, Request
from trivet_lab.load.sale import Sale

ASK = "ask"
SCALPER = "scalper"


class Flood(Sale, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="flood"):
    """Everybody wants to buy, and one asks again and again what there is.

    Attributes, beside those of every sale:
        asked_per_s: how often the one asks, evenly, from the first phase's beginning to the last one's end.
        subject_per_s, subject_burst: what the load balancer is to let through of one subject.
    """

    DONE: ClassVar[str] = "done"
    """What is said of one that succeeded: sales are the fewest of them."""

    asked_per_s: float
    subject_per_s: int
    subject_burst: int

    def subjects(self, crowd: Attendance) -> Mapping[str, Sequence[str]]:
        """Return in whose names the crowd asks, by the scopes that they need."""
        return {**super().subjects(crowd), "items.read": [SCALPER]}

    def drafts(self, crowd: Attendance) -> Iterator[Iterator[Draft]]:
        """Yield the sale's own streams, and the flood."""
        yield from super().drafts(crowd)
        yield self._flood(crowd)

    def faults(self, duration_s: float) -> Iterator[str]:
        """Yield a sentence for everything that cannot be sent."""
        yield from super().faults(duration_s)
        for name in ("asked_per_s", "subject_per_s", "subject_burst"):
            if not is_positive(getattr(self, name)):
                yield f"{name} is above 0, not {getattr(self, name)}"

    def _flood(self, crowd: Attendance) -> Iterator[Draft]:
        request = Request(ASK, f"/items/{self.items[0].id}", None, {"who": SCALPER}, "GET")
        for number in range(int(crowd.duration_s * self.asked_per_s)):
            # One past the restocks' client, which is one past the last buyer.
            yield Draft(round(number / self.asked_per_s * 1e9), crowd.clients + 1, None, request, SCALPER)
