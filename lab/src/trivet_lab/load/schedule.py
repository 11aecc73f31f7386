"""Who does what, and when: a plan's crowd as a pure function of its seed.

Arrival times, choices and keys draw from generators of their own, so that changing one of them
leaves the others as they were, and one seed gives every variant the same crowd to the byte.
"""

from __future__ import annotations

import heapq
import operator
from collections.abc import Iterator

import msgspec

from trivet_lab.load.draft import Request
from trivet_lab.load.plan import Plan


class Intent(msgspec.Struct, frozen=True):
    """One operation before it is sent, or several that are sent together; ``due_ns`` counts from the crowd's start.

    Those that are sent together are numbered one after the other from ``op``.
    """

    op: int
    due_ns: int
    client: int
    key: str | None
    request: Request
    who: str

    @property
    def trace(self) -> str:
        """The id of its trace, 32 hexadecimal digits: what is sent together is one trace, under whatever key."""
        return f"{self.op + 1:032x}" if self.key is None else self.key.replace("-", "")


def schedule(plan: Plan) -> Iterator[Intent]:
    """Yield every operation of the plan in the order in which it is due, numbered from 0.

    What is sent again under its key is an operation of its own, and may be due after the last phase.
    """
    op = 0
    for draft in heapq.merge(*plan.errand.drafts(plan), key=operator.attrgetter("due_ns")):
        yield Intent(op, *draft)
        op += len(draft.request.entries) or 1
