"""Who lists orders sees all of them, the newest first."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import ClassVar

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch, EvidenceError
from trivet_lab.checkers._ordering import Asked, Crowd, Page
from trivet_lab.checkers._witness import Violations


class PagesComplete(Checker):
    """Looks on every page for the orders that were acknowledged before it was asked for.

    Ids grow with time, and a page has them in falling order from ``before`` on; it says how to ask for the next one
    where there is more, and has everything down to the end where it does not.
    """

    NAME: ClassVar[str] = "pages_complete"
    RULE: ClassVar[str] = (
        "A page has its customer's orders by falling id, from below the one that was named, and misses none that was "
        "acknowledged before it was asked for."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Begin without any page; no ledger is needed."""
        self._evidence = evidence
        self._crowd = evidence.book(Crowd)

    def read(self, batch: Batch) -> None:
        """Let the crowd tell."""
        self._crowd.read(batch)

    def finish(self) -> Ruling:
        """Rule over every page."""
        orders: defaultdict[str, list[Asked]] = defaultdict(list)
        for asked in self._crowd.acknowledged():
            orders[asked.customer_id].append(asked)
        found = Violations()
        pages = [asked for asked in self._crowd.lists if asked.is_ok]
        for asked in pages:
            if asked.page is None:
                found.add(f"{asked.customer_id} was answered with what is no page", asked.pointer)
                continue
            if sentence := _wrong(asked, asked.page):
                found.add(f"{asked.customer_id} {sentence}", asked.pointer)
            for order in orders[asked.customer_id]:
                if _is_missing(order, asked, asked.page):
                    found.add(
                        f"a page of {asked.customer_id} lacks order {order.order_id}", order.pointer, asked.pointer
                    )
        if not pages:
            raise EvidenceError("nobody listed orders")
        return found.ruling(self._evidence, f"{len(pages):,} pages, each with all that belongs there")


def _wrong(asked: Asked, page: Page) -> str:
    ids = [view.id for view in page.orders]
    if any(later >= earlier for earlier, later in pairwise(ids)):
        return "was shown orders that do not go from the newest on"
    if asked.order_id is not None and ids and ids[0] >= asked.order_id:
        return f"was shown order {ids[0]}, which does not come after {asked.order_id}"
    if page.next is not None and (not ids or page.next != ids[-1]):
        return f"was told to go on from {page.next}, and the page ends with {ids[-1] if ids else 'nothing'}"
    return ""


def _is_missing(order: Asked, asked: Asked, page: Page) -> bool:
    """Whether an order belongs on a page and is not there: it was acknowledged before, and lies within the page."""
    name = order.order_id or ""
    is_below = asked.order_id is None or name < asked.order_id
    is_above = page.next is None or name > page.orders[-1].id if page.orders else True
    known = order.done_ns < asked.call_ns
    return known and is_below and is_above and all(view.id != name for view in page.orders)
