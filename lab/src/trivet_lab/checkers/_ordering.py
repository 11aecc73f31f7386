"""What the crowd asked about orders and was told of them, order by order and key by key."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import NEVER_NS
from trivet_lab.checkers._history import HISTORY, Batch, Pointer
from trivet_lab.checkers._wallet import ANOTHER, decline, done_ns
from trivet_lab.evidence import Operation

ORDER, CANCEL, LOOK, AWAIT, LIST, TIMELINE, FOLLOW, TRESPASS = (
    "order",
    "cancel",
    "look",
    "await",
    "list",
    "timeline",
    "follow",
    "trespass",
)
KEY_REUSED, TOO_LATE, NOT_FOUND = "idempotency-key-reuse", "too-late", "not-found"


class View(msgspec.Struct, gc=False):
    """An order as an answer shows it, as far as rules look."""

    id: str
    status: str
    version: int
    cancellation_requested: bool = False


class Page(msgspec.Struct, gc=False):
    """A page of orders."""

    orders: list[View]
    next: str | None = None


class Asked(msgspec.Struct, gc=False):
    """One operation about orders: what is kept of it until the end.

    It took effect no earlier than ``call_ns``, and if it was answered for good no later than ``done_ns``; one that
    nobody knows the end of has ``NEVER_NS``. ``lost`` says that at least one attempt has no answer that decides.
    """

    f: str
    customer_id: str
    call_ns: int
    done_ns: int
    outcome: str
    offset: int
    lost: bool
    code: str | None = None
    status: int = 0
    key: str | None = None
    order_id: str | None = None
    payload: str = ""
    view: View | None = None
    page: Page | None = None
    at_rest: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether it certainly happened."""
        return self.outcome == "ok"

    @property
    def may_have_happened(self) -> bool:
        """Whether it happened or nobody can tell."""
        return self.outcome != "fail" or self.lost

    @property
    def pointer(self) -> Pointer:
        """Where the operation stands in the history."""
        return (HISTORY, self.offset)


class Crowd:
    """All that was asked, told once for all checkers.

    ``by_key`` has the orders that were sent under a customer's key, whatever their payload; ``about`` what was asked
    about an order whose id was known; ``lists`` pages, and ``trespasses`` what was asked about others' orders.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Begin before the first batch."""
        del evidence
        self.by_key: defaultdict[tuple[str, str], list[Asked]] = defaultdict(list)
        self.about: defaultdict[str, list[Asked]] = defaultdict(list)
        self.lists: list[Asked] = []
        self.trespasses: list[Asked] = []
        self._seen: Batch | None = None
        self._texts: dict[str, str] = {}

    def read(self, batch: Batch) -> None:
        """Take in a batch, unless another checker gave it already."""
        if batch is self._seen:
            return
        self._seen = batch
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.f in (ORDER, ANOTHER) and "lines" in operation.args and operation.key is not None:
                asked = self._asked(operation, offset)
                self.by_key[asked.customer_id, operation.key].append(asked)
            elif operation.f == LIST:
                self.lists.append(self._asked(operation, offset))
            elif operation.f == TRESPASS:
                self.trespasses.append(self._asked(operation, offset))
            elif operation.f in (CANCEL, LOOK, AWAIT, TIMELINE, FOLLOW) and "order_id" in operation.args:
                asked = self._asked(operation, offset)
                self.about[asked.order_id or ""].append(asked)

    def acknowledged(self) -> list[Asked]:
        """Return every order that somebody was told of, the first answer of each key."""
        answered = ([asked for asked in several if asked.is_ok] for several in self.by_key.values())
        return [min(answers, key=lambda asked: asked.done_ns) for answers in answered if answers]

    def _asked(self, operation: Operation, offset: int) -> Asked:
        args, value = operation.args, operation.value or {}
        refused = decline(operation)
        done = NEVER_NS
        if operation.outcome == "ok":
            done = done_ns(operation)
        elif operation.outcome == "fail":
            done = refused.return_ns if refused else operation.return_ns
        last = refused or operation.attempts[-1]
        order_id = args.get("order_id")
        view = _view(value) if operation.outcome == "ok" else None
        if operation.f in (ORDER, ANOTHER):
            order_id = view.id if view else None
        return Asked(
            LOOK if operation.f == AWAIT else operation.f,  # whoever waited for an end saw what they saw last
            self._text(args.get("customer_id")),
            operation.call_ns,
            done,
            operation.outcome,
            offset,
            lost=any(attempt.status == 0 or attempt.status >= 500 for attempt in operation.attempts),
            code=None if operation.outcome == "ok" else last.code,
            status=operation.status,
            key=operation.key,
            order_id=None if order_id is None else self._text(order_id),
            payload=self._text(payload_of(args)) if "lines" in args else "",
            view=view,
            page=_page(value) if operation.f == LIST and operation.outcome == "ok" else None,
            at_rest=bool(args.get("rest")),
        )

    def _text(self, value: Any) -> str:
        """Return one string for all that are equal."""
        text = str(value)
        return self._texts.setdefault(text, text)


def payload_of(args: dict[str, Any]) -> str:
    """Return what was ordered, so that the same is the same text; a line of seats is for one hold."""
    lines = [{"quantity": 1, **line} for line in args.get("lines", [])]
    return msgspec.json.encode([args.get("account_id"), lines], order="sorted").decode()


def _view(value: dict[str, Any]) -> View | None:
    try:
        return msgspec.convert(value, View)
    except msgspec.ValidationError:
        return None


def _page(value: dict[str, Any]) -> Page | None:
    try:
        return msgspec.convert(value, Page)
    except msgspec.ValidationError:
        return None
