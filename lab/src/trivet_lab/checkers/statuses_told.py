"""Whoever looks at an order sees where it stood, and never what was before what they saw already."""

from __future__ import annotations

import heapq
from typing import ClassVar, NamedTuple

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError, Pointer
from trivet_lab.checkers._ordering import CANCEL, LOOK, Asked, Crowd, View
from trivet_lab.checkers._orders import WISH, Orders
from trivet_lab.checkers._witness import Violations


class _Seen(NamedTuple):
    """What one answer said of one order; it was asked for at ``call_ns`` and known at ``done_ns``."""

    call_ns: int
    done_ns: int
    view: View
    pointer: Pointer


class StatusesTold(Checker):
    """Compares every answer about an order with its events, and with the answers that were there before it was asked.

    An order is one row of one database, so that whoever asks after somebody was answered sees at least as much. The
    answer to an order's creation is told again for ever as it was then, and is no look.
    """

    NAME: ClassVar[str] = "statuses_told"
    RULE: ClassVar[str] = (
        "Every answer about an order shows a version that it had with the status and the wish to cancel that its "
        "events gave it there, and none that is older than what an answer showed before it was asked for."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Load the books."""
        self._evidence = evidence
        self._book = evidence.book(Orders)
        self._crowd = evidence.book(Crowd)

    def read(self, batch: Batch) -> None:
        """Let the crowd tell."""
        self._crowd.read(batch)

    def finish(self) -> Ruling:
        """Rule over every order that somebody looked at."""
        found = Violations()
        seen: dict[str, list[_Seen]] = {}
        for order_id, several in self._crowd.about.items():
            for asked in several:
                if asked.is_ok and asked.f in (LOOK, CANCEL):
                    self._take(asked, order_id, asked.view, seen, found)
        for asked in self._crowd.lists:
            for view in asked.page.orders if asked.page else ():
                self._take(asked, view.id, view, seen, found)
        if not seen:
            raise EvidenceError("nobody was shown an order")
        for order_id, views in seen.items():
            for each in views:
                if sentence := self._wrong(order_id, each.view):
                    found.add(f"order {order_id} {sentence}", each.pointer)
            _never_back(order_id, views, found)
        count = sum(map(len, seen.values()))
        return found.ruling(self._evidence, f"{count:,} answers about {len(seen):,} orders, none that was not so")

    def _take(
        self, asked: Asked, order_id: str, view: View | None, seen: dict[str, list[_Seen]], found: Violations
    ) -> None:
        if view is None or view.id != order_id:
            found.add(f"whoever asked for order {order_id} was shown {view.id if view else 'no order'}", asked.pointer)
            return
        seen.setdefault(order_id, []).append(_Seen(asked.call_ns, asked.done_ns, view, asked.pointer))

    def _wrong(self, order_id: str, view: View) -> str:
        events = self._book.events_of.get(order_id, [])
        if not 1 <= view.version <= len(events):
            return f"was shown at version {view.version}, and has {len(events)} events"
        status = self._book.standing(order_id, view.version)
        if view.status != status:
            return f"was shown as {view.status} at version {view.version}, where it was {status}"
        wish = any(event.type == WISH and event.order_version <= view.version for event in events)
        if view.cancellation_requested != wish:
            return f"was shown {'with' if view.cancellation_requested else 'without'} a wish to cancel it"
        return ""


def _never_back(order_id: str, views: list[_Seen], found: Violations) -> None:
    """Look for an answer that is older than one that was there before it was asked for."""
    known = [(each.done_ns, number) for number, each in enumerate(views)]
    heapq.heapify(known)
    newest: _Seen | None = None
    for each in sorted(views, key=lambda each: each.call_ns):
        while known and known[0][0] < each.call_ns:
            other = views[heapq.heappop(known)[1]]
            if newest is None or other.view.version > newest.view.version:
                newest = other
        if newest and each.view.version < newest.view.version:
            what = f"order {order_id} was shown at version {each.view.version} after it was at {newest.view.version}"
            found.add(what, newest.pointer, each.pointer)
