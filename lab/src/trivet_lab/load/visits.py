"""Draws visits from the seed: what each person does about a few seats, before it is known what they get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from trivet_lab.load.attendance import Attendance
from trivet_lab.load.draft import Draft, Request, picker, source
from trivet_lab.load.halls import FRONT, Hall, Show
from trivet_lab.load.holding import Hold, look_at, together

ORDERS = "orders"
"""The service that settles holds in the name of orders."""
_MS: Final = 1_000_000
_WANTED: Final = (0.4, 0.4, 0.12, 0.08)  # how many sit together: 1, 2, 3, 4
_SCRAMBLING = 5
_TOGETHER = 3
_THINK_MS = 60, 700
_JUST_THEN_MS = 0, 25
_TOO_LATE_MS = 30, 900
_ABOUT_THEN_MS = 0, 60
_AFTERWARDS_MS = 70, 140  # when whoever came after has it, and the server has surely ended what was before


def guest(client: int) -> str:
    """Return the name under which a client asks."""
    return f"guest-{client}"


class Visits:
    """Draws one visit after the other."""

    def __init__(
        self,
        crowd: Attendance,
        shows: Sequence[Show],
        *,
        weights: Sequence[float],
        ttl_ms: tuple[int, int],
        shares: tuple[float, float, float],
    ) -> None:
        """Draw for this crowd. ``weights`` are of the ways in the order of ``Ways``, ``ttl_ms`` from and to."""
        self._clients = crowd.clients
        self._halls = [Hall(show) for show in shows]
        self._ttl_ms = ttl_ms
        self._looked, self._mistaken, self._reused = shares
        self._chance = source(crowd, "choices")
        self._pick_show = picker([show.weight for show in shows])
        self._pick_way = picker(weights)
        self._pick_count = picker(_WANTED)
        self._number = 0
        self._before = ""
        self._ways = (
            self._settle,
            self._at_once,
            self._extend,
            self._abandon,
            self._late,
            self._release,
            self._undo,
            self._rivals,
            self._scramble,
            self._batch,
        )
        # The first to come to a hall scramble, if anybody does: in a small one nothing is left for who comes later.
        scrambles = weights[self._ways.index(self._scramble)] > 0
        self._unopened = {show.id for show in shows} if scrambles else set()

    def at(self, due_ns: int) -> Iterator[Draft]:
        """Yield the operations of the visit that is due now, in any order."""
        self._number += 1
        hall = self._halls[self._pick_show(self._chance.random())]
        way = self._ways[self._pick_way(self._chance.random())]
        if hall.show.id in self._unopened:
            self._unopened.discard(hall.show.id)
            way = self._scramble
        yield from way(hall, due_ns)
        if self._chance.random() < self._looked:
            look = look_at(hall.show.id, FRONT)
            yield self._own(due_ns + self._between(*_THINK_MS), self._client(), look)

    def _settle(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """Hold, think, pay: pinned and then sold; some confirm before the pin is answered, some want it undone then."""
        hold, held = self._held(hall, due_ns)
        yield from held
        pinned_ns = due_ns + self._between(*_THINK_MS)
        if self._before and self._chance.random() < self._mistaken:
            yield self._order(pinned_ns, hold.pin(self._order_id(), self._before))
            pinned_ns += self._between(*_JUST_THEN_MS)
        order_id = self._order_id()
        yield from self._paid(hold, pinned_ns, order_id)
        if self._chance.random() < 0.3:
            yield self._order(pinned_ns + (_THINK_MS[1] + _AFTERWARDS_MS[1]) * _MS, hold.release_by(order_id))
        self._before = hold.name

    def _at_once(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """Hold, think, and confirm what nobody pinned; some come too late for it."""
        ttl_ms = self._ttl()
        hold, held = self._held(hall, due_ns, ttl_ms)
        yield from held
        late = self._chance.random() < 0.4
        at_ns = due_ns + (ttl_ms * _MS + self._between(*_TOO_LATE_MS) if late else self._between(*_THINK_MS))
        yield self._order(at_ns, hold.confirm(self._order_id(), needs=hold.name))

    def _extend(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """Ask for more time while there is some, or just too late, then pay within it."""
        ttl_ms = self._ttl()
        hold, held = self._held(hall, due_ns, ttl_ms)
        yield from held
        at_ns = due_ns + round(ttl_ms * (0.5 + 0.6 * self._chance.random())) * _MS
        client = self._client()
        yield self._own(at_ns, client, hold.extend(ttl_ms), hold.subject)
        yield from self._paid(hold, at_ns + round(ttl_ms * (0.3 + 0.5 * self._chance.random())) * _MS)

    def _abandon(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """Hold and never come back; some look once more at about the end."""
        ttl_ms = self._ttl()
        hold, held = self._held(hall, due_ns, ttl_ms)
        yield from held
        if self._chance.random() < 0.5:
            yield self._own(due_ns + round(ttl_ms * 1.05) * _MS, self._client(), hold.read(), hold.subject)

    def _late(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """Think until the time is over and pay then, while somebody else may hold the seats already.

        Who is after them asks for the same seats when they are free again, and pays at about the same instant. Some
        of those who are too late want more time by then; some give back what is another's, and a third one comes.
        """
        ttl_ms = self._ttl_ms[0]
        hold, held = self._held(hall, due_ns, ttl_ms)
        yield from held
        over_ns = due_ns + (ttl_ms + 20) * _MS
        yield from self._paid(hold, over_ns + self._between(*_TOO_LATE_MS))
        after = Hold(hall.show.id, guest(self._client()), f"h-{self._number}-after")
        asked_ns = over_ns + self._between(*_JUST_THEN_MS)
        seats = held[0].request.args["seats"]
        yield self._own(asked_ns, self._client(), after.hold(seats, self._ttl()), after.subject)
        yield from self._paid(after, asked_ns + self._between(*_TOO_LATE_MS))
        place = self._chance.randrange(3)
        at_ns = over_ns + self._between(*_AFTERWARDS_MS)
        if place == 1:
            yield self._own(at_ns, self._client(), hold.extend(ttl_ms), hold.subject)
        elif place == 2:
            yield self._own(at_ns, self._client(), hold.release(), hold.subject)
            third = Hold(hall.show.id, guest(self._client()), f"h-{self._number}-third")
            third_ns = at_ns + self._between(*_JUST_THEN_MS)
            yield self._own(third_ns, self._client(), third.hold(seats, self._ttl()), third.subject)

    def _release(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """Give the seats back: later, just as they are held, or before, so that the hold comes to a tombstone."""
        place = self._chance.randrange(3)
        lead_ns = self._between(*_ABOUT_THEN_MS) if place == 0 else 0
        hold, held = self._held(hall, due_ns + lead_ns)
        yield from held
        at_ns = due_ns + (self._between(*(_THINK_MS if place == 2 else _JUST_THEN_MS)) if place else 0)
        yield self._own(at_ns, self._client(), hold.release(), hold.subject)
        if self._chance.random() < 0.3:
            yield self._order(at_ns + self._between(*_JUST_THEN_MS), hold.pin(self._order_id()))

    def _undo(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """An order pins and is cancelled at about that instant, before or after; some confirm all the same."""
        hold, held = self._held(hall, due_ns)
        yield from held
        order_id = self._order_id()
        at_ns = due_ns + self._between(*_THINK_MS)
        yield self._order(at_ns + self._between(*_JUST_THEN_MS), hold.pin(order_id))
        yield self._order(at_ns + self._between(*_ABOUT_THEN_MS), hold.release_by(order_id))
        if self._chance.random() < 0.3:
            yield self._order(at_ns + self._between(*_JUST_THEN_MS), hold.confirm(order_id))

    def _rivals(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """Two orders want one hold at one instant; one of them is cancelled before it is told who got it."""
        hold, held = self._held(hall, due_ns)
        yield from held
        at_ns = due_ns + self._between(*_THINK_MS)
        first, second = self._order_id(), self._order_id()
        yield from self._paid(hold, at_ns, first)
        yield from self._paid(hold, at_ns, second)
        if self._chance.random() < 0.7:
            yield self._order(at_ns + self._between(*_JUST_THEN_MS), hold.release_by(second))

    def _scramble(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """Several people want one place at one instant, under ids that are the same: an id is theirs alone."""
        seats = hall.beside_each_other(self._chance, 1)
        ttl_ms = self._ttl()
        first = self._chance.randrange(self._clients)
        for place in range(min(_SCRAMBLING, self._clients)):
            client = (first + place) % self._clients
            hold = Hold(hall.show.id, guest(client), f"h-{self._number}")
            yield self._own(due_ns, client, hold.hold(seats, ttl_ms))
            yield from self._paid(hold, due_ns + self._between(*_THINK_MS))

    def _batch(self, hall: Hall, due_ns: int) -> Iterator[Draft]:
        """A service holds, pins and confirms for several people, each time in one request."""
        count = min(_TOGETHER, self._clients)
        first = self._chance.randrange(self._clients)
        subjects = [guest((first + place) % self._clients) for place in range(count)]
        holds = [Hold(hall.show.id, subject, f"h-{self._number}") for subject in subjects]
        orders = [self._order_id() for _ in holds]
        ttl_ms = self._ttl()
        asked = [hold.held_for(hall.beside_each_other(self._chance, self._count()), ttl_ms) for hold in holds]
        yield self._order(due_ns, together(asked))
        pinned_ns = due_ns + self._between(*_THINK_MS)
        ordered = list(zip(holds, orders, strict=True))
        yield self._order(pinned_ns, together([hold.pinned_for(order_id) for hold, order_id in ordered]))
        confirmed_ns = pinned_ns + self._between(*_THINK_MS)
        yield self._order(confirmed_ns, together([hold.confirmed_for(order_id) for hold, order_id in ordered]))

    def _held(self, hall: Hall, due_ns: int, ttl_ms: int | None = None) -> tuple[Hold, list[Draft]]:
        """Return a hold, and what asks for it; now and then its id is used for other seats too."""
        client = self._client()
        hold = Hold(hall.show.id, guest(client), f"h-{self._number}")
        asked = hold.hold(hall.beside_each_other(self._chance, self._count()), ttl_ms or self._ttl())
        drafts = [self._own(due_ns, client, asked)]
        if self._chance.random() < self._reused:
            other = hold.hold(hall.beside_each_other(self._chance, self._count()), asked.args["ttl_ms"] + 1)
            drafts.append(self._own(due_ns + self._between(*_THINK_MS), self._client(), other, hold.subject))
        return hold, drafts

    def _paid(self, hold: Hold, pinned_ns: int, order_id: str = "") -> Iterator[Draft]:
        """An order of its own pins the hold and confirms it once that is done; some wait for nothing."""
        order_id = order_id or self._order_id()
        yield self._order(pinned_ns, hold.pin(order_id))
        hasty = self._chance.random() < 0.1
        confirm = hold.confirm(order_id, follows="" if hasty else hold.pinned(order_id))
        yield self._order(pinned_ns + self._between(*(_JUST_THEN_MS if hasty else _THINK_MS)), confirm)

    def _own(self, due_ns: int, client: int, request: Request, who: str = "") -> Draft:
        return Draft(due_ns, client, None, request, who or guest(client))

    def _order(self, due_ns: int, request: Request) -> Draft:
        return Draft(due_ns, self._client(), None, request, ORDERS)

    def _order_id(self) -> str:
        return f"o-{self._number}-{self._chance.getrandbits(24):06x}"

    def _count(self) -> int:
        return 1 + self._pick_count(self._chance.random())

    def _ttl(self) -> int:
        least, most = self._ttl_ms
        return self._chance.randint(least, most)

    def _between(self, least_ms: int, most_ms: int) -> int:
        return self._chance.randrange(least_ms * _MS, most_ms * _MS)

    def _client(self) -> int:
        return self._chance.randrange(self._clients)
