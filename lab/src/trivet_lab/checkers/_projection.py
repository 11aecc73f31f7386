"""Tells what was done to seats as operations of the sequential specification in ``tools/porcupine``.

What each operation means there stands in ``internal/seats/model.go``. Here it is decided what an operation of the
history can have done: one that was repeated, lost or answered from memory is not simply one effect between its call and
its return.

- A hold is granted once however often it is asked for, between the first call and the first answer. Only a loss of
  memory lets it be granted again: what was asked for more than once across one may have been.
- An extension is executed by every attempt. Each that was lost may come at any time, or never.
- A pin that did not succeed, and was not refused before it began, may have kept its hold or ended it.
- A refusal during which another hold stood for certain says nothing that is not known, and is left out: wherever the
  other operations are placed, there is room for it. So is one that a hold of unknown end may explain, and then such a
  hold itself, unless somebody went on with it: it need not have happened. What is left out can hide a violation from
  this rule, though not from ``refused_holds_legal``, and never makes one. It leaves the search short.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from trivet_lab.checkers._faults import NEVER_NS
from trivet_lab.checkers._seats import (
    ALREADY_HELD,
    EXTEND,
    HOLD,
    HOLD_EXPIRED,
    RELEASE,
    Event,
    HoldName,
    Story,
)
from trivet_lab.checkers._standing import REPLAY_NS, SLACK_NS, Standing, Wipes, certain, lies_between, may_have_lapsed

UNDO, EXPIRE, WIPE, LOOK = "undo", "expire", "wipe", "look"
OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"
NOWHERE = -1
"""The reference of an operation that no line of the history has."""


class Step(msgspec.Struct, gc=False, frozen=True, omit_defaults=True):
    """One operation, without its partition."""

    f: str
    ref: int
    outcome: str
    call_ns: int
    return_ns: int | None
    seats: tuple[str, ...]
    hold: str = ""
    order: str = ""
    grant: int = 0
    state: str = ""


class Projection:
    """Makes the steps of every hold of a show."""

    def __init__(self, wipes: Wipes) -> None:
        """Begin with the losses of memory, which are steps of every seat."""
        self._wipes = wipes
        self._grants = itertools.count(1)

    def wipes(self, seats: Sequence[str]) -> Iterator[Step]:
        """Yield every loss of memory."""
        for asked_ns, seen_ns in self._wipes:
            outcome = UNKNOWN if seen_ns == NEVER_NS else OK
            yield Step(WIPE, NOWHERE, outcome, asked_ns, _until(seen_ns), tuple(seats))

    def look(self, ref: int, seat: str, state: str, call_ns: int, return_ns: int) -> Step:
        """Return what somebody saw at rest."""
        return Step(LOOK, ref, OK, call_ns, return_ns, (seat,), state=state)

    def story(self, story: Story) -> Iterator[Step]:
        """Yield everything that may have been done to the seats of a hold, but refusals."""
        if story.grant() is None and not went_on(story):
            return
        yield from self._grants_of(story)
        for event in story.extends:
            yield from self._extend(story, event)
        for event in story.settles:
            yield from self._settle(story, event)
        for event in story.releases:
            if event.may_have_happened:
                yield self._step(UNDO if event.order_id is not None else RELEASE, story, event)

    def refusals(self, story: Story, unknown: dict[str, int]) -> Iterator[Step]:
        """Yield the refusals of a hold, with those of the seats that they name of which all holders are known.

        Args:
            story: whose refusals.
            unknown: from when on somebody may stand at a seat, and nobody knows.
        """
        for event in story.asks:
            if event.outcome != "fail" or event.code != ALREADY_HELD:
                continue
            since = max(story.asked_ns, event.call_ns - REPLAY_NS - SLACK_NS)
            named = tuple(
                seat
                for seat in event.named or ()
                if seat in event.seats and unknown.get(seat, NEVER_NS) > event.done_ns
            )
            # who asks again after memory was lost may meet what an order has of the very same hold
            who = "" if lies_between(self._wipes, story.asked_ns, event.done_ns) else label(story.name)
            if named:
                yield Step(HOLD, event.offset, REFUSED, since, event.done_ns, named, hold=who)

    def _grants_of(self, story: Story) -> Iterator[Step]:
        grant = story.grant()
        forgotten = lies_between(self._wipes, story.asked_ns, NEVER_NS)
        if grant is not None:
            until = grant.done_ns + grant.ttl_ns + SLACK_NS
            yield from self._granted(story, grant, OK, grant.done_ns, (story.asked_ns + grant.ttl_ns - SLACK_NS, until))
        for event in story.asks:
            maybe = event.outcome == UNKNOWN and grant is None
            again = forgotten and event.may_have_happened and (event is not grant or event.lost) and went_on(story)
            if maybe or again:
                yield from self._granted(story, event, UNKNOWN, NEVER_NS, (event.call_ns, NEVER_NS))

    def _granted(self, story: Story, event: Event, outcome: str, done_ns: int, over: tuple[int, int]) -> Iterator[Step]:
        """Yield a grant or an extension, and the end of its TTL between two instants."""
        number, seats = next(self._grants), event.seats if event.f == HOLD else story.seats
        call_ns = story.asked_ns if event.f == HOLD and outcome == OK else event.call_ns
        named = label(story.name)
        yield Step(event.f, event.offset, outcome, call_ns, _until(done_ns), seats, named, grant=number)
        yield Step(EXPIRE, NOWHERE, OK, max(over[0], call_ns), _until(over[1]), seats, named, grant=number)

    def _extend(self, story: Story, event: Event) -> Iterator[Step]:
        if event.is_ok:
            over = event.call_ns + event.ttl_ns - SLACK_NS, event.done_ns + event.ttl_ns + SLACK_NS
            yield from self._granted(story, event, OK, event.done_ns, over)
        if event.outcome == UNKNOWN or event.lost:
            yield from self._granted(story, event, UNKNOWN, NEVER_NS, (event.call_ns, NEVER_NS))
        elif event.code == HOLD_EXPIRED:
            yield self._step(EXTEND, story, event, REFUSED)

    def _settle(self, story: Story, event: Event) -> Iterator[Step]:
        if event.is_ok:
            yield self._step(event.f, story, event)
        elif event.may_have_begun or may_have_lapsed(story, event, self._wipes):
            unknown = msgspec.structs.replace(event, done_ns=NEVER_NS)
            yield self._step(event.f, story, unknown, UNKNOWN)
        elif event.code == HOLD_EXPIRED:
            yield self._step(event.f, story, event, REFUSED)

    def _step(self, f: str, story: Story, event: Event, outcome: str = "") -> Step:
        outcome = outcome or (OK if event.is_ok else UNKNOWN)
        done = event.done_ns if outcome != UNKNOWN else NEVER_NS
        order = event.order_id or ""
        return Step(f, event.offset, outcome, event.call_ns, _until(done), story.seats, label(story.name), order)


def went_on(story: Story) -> bool:
    """Whether somebody acted on a hold as one that stands."""
    return bool(story.extends or any(event.may_have_begun for event in story.settles))


def unknown_since(stories: Sequence[Story], wipes: Wipes) -> dict[str, int]:
    """Return from when on a hold that nobody is known to have can stand at each seat of a show."""
    since: dict[str, int] = {}
    for story in stories:
        grant, forgotten = story.grant(), lies_between(wipes, story.asked_ns, NEVER_NS)
        for event in story.asks:
            is_known = event.is_ok and not (forgotten and (event.lost or event is not grant))
            if event.may_have_happened and not is_known:
                for seat in event.seats:
                    since[seat] = min(since.get(seat, NEVER_NS), event.call_ns)
    return since


def label(name: HoldName) -> str:
    """Return what a hold is called in the specification."""
    return f"{name.subject}/{name.id}"


def standing_for_certain(stories: Sequence[Story], wipes: Wipes) -> dict[str, Standing]:
    """Return when somebody stood at each seat of a show for certain."""
    standing: dict[str, Standing] = {}
    for story in stories:
        span = certain(story, wipes)
        if span is not None:
            for seat in story.seats:
                standing.setdefault(seat, Standing()).add(span)
    return standing


def is_plain(step: Step, seats: Sequence[str], standing: dict[str, Standing]) -> bool:
    """Whether a step is a refusal during which somebody stood for certain at each of these seats, if it is one seat."""
    if step.outcome != REFUSED or step.f != HOLD or len(seats) > 1:
        return False
    spans, until = standing.get(seats[0]), step.return_ns or NEVER_NS
    return spans is not None and any(label(span.name) != step.hold for span in spans.meeting(step.call_ns, until))


def at_seat(step: Step, seat: str) -> dict[str, Any]:
    """Return one seat's share of a step."""
    return msgspec.to_builtins(msgspec.structs.replace(step, seats=(seat,)))  # type: ignore[no-any-return]  # a struct's


def _until(at_ns: int) -> int | None:
    return None if at_ns >= NEVER_NS else at_ns
