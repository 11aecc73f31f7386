"""The seats' books, and the story of every hold as the crowd tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import msgspec

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import NEVER_NS
from trivet_lab.checkers._history import HISTORY, Batch, EvidenceError, Pointer
from trivet_lab.checkers._row import Row
from trivet_lab.checkers._wallet import decline, done_ns
from trivet_lab.evidence import Operation

SHOW, HOLD, EXTEND, PIN, CONFIRM, RELEASE = "show", "hold", "extend", "pin", "confirm", "release"
READ_HOLD, SEAT_MAP = "read_hold", "seat_map"
TELLING = frozenset({HOLD, EXTEND, PIN, CONFIRM, RELEASE})
"""What is part of a hold's story; the other kinds change nothing."""
SETTLING = frozenset({PIN, CONFIRM})
FREE, HELD, PINNED, SOLD, RELEASED = "free", "held", "pinned", "sold", "released"
ALREADY_HELD, HOLD_RELEASED, HOLD_EXPIRED = "already-held", "hold-released", "hold-expired"
NOT_FOUND, FORBIDDEN = "not-found", "forbidden"
NS_PER_MS = 1_000_000

_MAY_HAVE_BEGUN = frozenset({ALREADY_HELD, HOLD_RELEASED})
"""Refusals of a pin that PostgreSQL may have decided when the hold was already marked as *pinning*."""


class HoldName(NamedTuple):
    """What a hold is called: its id is the subject's own, within a show."""

    show_id: str
    subject: str
    id: str

    def __str__(self) -> str:
        """Say which hold, for people."""
        return f"hold {self.id} of {self.subject}"


class Show(msgspec.Struct, gc=False, frozen=True):
    """One row of ``reservation.shows``; ``seats`` is their number."""

    show_id: str
    currency: str
    seats: int


class Taken(Row, gc=False):
    """One row of ``reservation.taken``: a seat that is pinned or sold."""

    LEDGER: ClassVar[str] = "reservation.taken"

    show_id: str
    seat_id: str
    hold_id: str
    subject: str
    order_id: str
    state: str
    fence: int
    unit_price_minor: int

    @property
    def hold(self) -> HoldName:
        """Whose it is."""
        return HoldName(self.show_id, self.subject, self.hold_id)


class Settlement(Row, gc=False):
    """One row of ``reservation.settlements``: what an order did with a hold; a tombstone has no fence."""

    LEDGER: ClassVar[str] = "reservation.settlements"

    show_id: str
    subject: str
    hold_id: str
    order_id: str
    state: str
    seats: str | list[str]
    fence: int | None = None
    total_minor: int | None = None

    @property
    def hold(self) -> HoldName:
        """Whose it is."""
        return HoldName(self.show_id, self.subject, self.hold_id)

    def seat_ids(self) -> list[str]:
        """Return its seats.

        Raises:
            EvidenceError: the column is no JSON array of text.
        """
        if isinstance(self.seats, list):
            return self.seats
        try:
            return msgspec.json.decode(self.seats, type=list[str])
        except msgspec.DecodeError as error:
            raise EvidenceError(f"the seats of a settlement cannot be read: {error}") from error


class Reservation:
    """All ledgers of the reservation, read once.

    ``taken_by`` has the rows of a seat (one, in a right database), ``settled`` the settlement of a hold by an order,
    and ``settled_again`` those whose hold and order already had one.
    """

    def __init__(self, evidence: Evidence) -> None:
        """Read the ledgers.

        Raises:
            EvidenceError: one is missing or damaged, or there is no show.
        """
        self.shows = {show.show_id: show for _, show in evidence.ledger("reservation.shows", Show)}
        if not self.shows:
            raise EvidenceError("ledger reservation.shows is empty")
        self.taken: list[Taken] = []
        self.taken_by: dict[tuple[str, str], list[Taken]] = {}
        for row in evidence.rows(Taken):
            self.taken.append(row)
            self.taken_by.setdefault((row.show_id, row.seat_id), []).append(row)
        self.settlements: list[Settlement] = []
        self.settled: dict[tuple[HoldName, str], Settlement] = {}
        self.settled_again: list[Settlement] = []
        for settlement in evidence.rows(Settlement):
            self.settlements.append(settlement)
            if self.settled.setdefault((settlement.hold, settlement.order_id), settlement) is not settlement:
                self.settled_again.append(settlement)

    def row_of(self, hold: HoldName, order_id: str | None, seat: str) -> Taken | None:
        """Return the row by which an order has a seat of a hold."""
        rows = self.taken_by.get((hold.show_id, seat), [])
        return next((row for row in rows if (row.hold, row.order_id) == (hold, order_id)), None)


class Event(msgspec.Struct, gc=False):
    """One operation of a hold's story.

    It took effect no earlier than ``call_ns``, and if it was answered for good no later than ``done_ns``; one that
    nobody knows the end of has ``NEVER_NS``. ``lost`` says that at least one attempt has no answer that decides, so
    that it may be executed once more at any time. ``seats`` are those that were asked for, of a refusal those that it
    names; ``ttl_ns`` is what was granted, or asked for where nobody knows.
    """

    f: str
    call_ns: int
    done_ns: int
    outcome: str
    offset: int
    lost: bool
    code: str | None = None
    order_id: str | None = None
    ttl_ns: int = 0
    fence: int | None = None
    seats: tuple[str, ...] = ()
    named: tuple[str, ...] | None = None

    @property
    def is_ok(self) -> bool:
        """Whether it certainly happened."""
        return self.outcome == "ok"

    @property
    def may_have_happened(self) -> bool:
        """Whether it happened or nobody can tell."""
        return self.outcome != "fail" or self.lost

    @property
    def may_have_begun(self) -> bool:
        """Whether a pin or a confirm may have marked its hold, whatever became of it."""
        return self.may_have_happened or self.code in _MAY_HAVE_BEGUN

    @property
    def pointer(self) -> Pointer:
        """Where the operation stands in the history."""
        return (HISTORY, self.offset)


class Story(msgspec.Struct, gc=False):
    """All that was asked of one hold, in the order in which the history has it."""

    name: HoldName
    seats: tuple[str, ...] = ()
    asks: list[Event] = []
    extends: list[Event] = []
    settles: list[Event] = []
    releases: list[Event] = []

    @property
    def asked_ns(self) -> int:
        """When it was first asked for: it cannot have been granted before."""
        return min((event.call_ns for event in self.asks), default=NEVER_NS)

    @property
    def granted_ns(self) -> int:
        """When it was granted at the latest; never if nobody was told so."""
        return min((event.done_ns for event in self.asks if event.is_ok), default=NEVER_NS)

    def grant(self) -> Event | None:
        """Return the first answer that granted it."""
        return min((event for event in self.asks if event.is_ok), key=lambda event: event.done_ns, default=None)

    def lives(self) -> list[Story]:
        """Return the holds that had this name: one, or more if memory was lost and other seats granted under its id.

        What names no seats and may have been done to any of them is in the story of each; so is every release.
        """
        lives = list(dict.fromkeys(event.seats for event in self.asks if event.is_ok))
        if len(lives) < 2:
            return [self]
        return [self._life(seats, lives) for seats in lives]

    def _life(self, seats: tuple[str, ...], lives: list[tuple[str, ...]]) -> Story:
        def of_it(event: Event) -> bool:
            return event.seats == seats or (event.seats not in lives and event.may_have_begun)

        return Story(
            self.name,
            seats,
            [event for event in self.asks if event.seats == seats or (seats == lives[0] and event.seats not in lives)],
            [event for event in self.extends if of_it(event)],
            [event for event in self.settles if of_it(event)],
            self.releases,
        )


class Rush:
    """The story of every hold by its name, and the last seat map at rest of each show; told once for all checkers."""

    def __init__(self, evidence: Evidence) -> None:
        """Begin before the first batch."""
        del evidence
        self.stories: dict[HoldName, Story] = {}
        self.at_rest: dict[str, Pointer] = {}
        self._seen: Batch | None = None
        self._texts: dict[str, str] = {}

    def lives(self) -> Iterator[Story]:
        """Yield the story of every hold: of one name there may be several, as :meth:`Story.lives` says."""
        for story in self.stories.values():
            yield from story.lives()

    def read(self, batch: Batch) -> None:
        """Take in a batch, unless another checker gave it already."""
        if batch is self._seen:
            return
        self._seen = batch
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.f in TELLING:
                self._tell(operation, offset)
            elif operation.f == SEAT_MAP and operation.outcome == "ok" and operation.args.get("rest"):
                self.at_rest[self._text(operation.args.get("show_id"))] = (HISTORY, offset)

    def _tell(self, operation: Operation, offset: int) -> None:
        args = operation.args
        name = HoldName(*(self._text(args.get(field)) for field in ("show_id", "subject", "id")))
        story = self.stories.get(name)
        if story is None:
            story = self.stories[name] = Story(name)
        event = self._event(operation, offset)
        f = operation.f
        if f == HOLD:
            story.asks.append(event)
            if event.is_ok or not story.seats:
                story.seats = event.seats
        elif f == EXTEND:
            story.extends.append(event)
        elif f == RELEASE:
            story.releases.append(event)
        else:
            story.settles.append(event)
            story.seats = story.seats or event.seats

    def _event(self, operation: Operation, offset: int) -> Event:
        args, value, attempts = operation.args, operation.value or {}, operation.attempts
        refused = decline(operation)
        done = NEVER_NS
        if operation.outcome == "ok":
            done = done_ns(operation)
        elif operation.outcome == "fail":
            done = refused.return_ns if refused else operation.return_ns
        code = None if operation.outcome == "ok" else refused.code if refused else attempts[-1].code
        ttl_ms = value.get("expires_in_ms") if operation.outcome == "ok" else args.get("ttl_ms")
        order_id, fence = args.get("order_id"), value.get("fence")
        named = value.get("seats") if operation.outcome == "fail" else None
        seats = value.get("seats") if operation.outcome == "ok" and "seats" in value else args.get("seats")
        return Event(
            operation.f,
            attempts[0].call_ns,
            done,
            operation.outcome,
            offset,
            lost=any(attempt.status == 0 or attempt.status >= 500 for attempt in attempts),
            code=code,
            order_id=self._text(order_id) if order_id is not None else None,
            ttl_ns=ttl_ms * NS_PER_MS if isinstance(ttl_ms, int) else 0,
            fence=fence if isinstance(fence, int) else None,
            seats=self._all(seats),
            named=self._all(named) if isinstance(named, list) else None,
        )

    def _all(self, seats: Any) -> tuple[str, ...]:
        return tuple(self._text(seat) for seat in seats) if isinstance(seats, list) else ()

    def _text(self, value: Any) -> str:
        """Return one string for all that are equal."""
        text = str(value)
        return self._texts.setdefault(text, text)
