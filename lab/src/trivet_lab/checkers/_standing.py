"""From when to when a hold stood: for certain, and at the most.

A hold stands from its grant until its TTL is over, a release, or a loss of the server's memory; a pin makes it stand
until the order's release, and a confirmation for good. Only calls and returns are known, so each bound errs to the
side that accuses nobody: *certain* spans are too short, *possible* ones too long.

The TTL is counted by the server from an instant between call and return. An extension or a pin that was acknowledged
proves that the hold stood until then without a gap: a right service lets nobody extend what has ended. A pin that was
not acknowledged may have made the hold stand for long, or, taken back by the sweeper, have ended it. One that was told
that the hold ran out may have begun while it stood, and have kept it until a sweeper gave it up, at the latest when
that was told.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from trivet_lab.checkers._faults import NEVER_NS
from trivet_lab.checkers._seats import CONFIRM, FORBIDDEN, HOLD_EXPIRED, NOT_FOUND, Event, HoldName, Story

SLACK_NS = 50_000_000
"""How far the server's clock, its expiry and the lab's clock may disagree."""
REPLAY_NS = 60_000_000_000
"""For how long a refusal is kept and told again; what is kept of a grant outlives it."""

Wipes = Sequence[tuple[int, int]]


class Span(NamedTuple):
    """From when to when, closed, and who stood."""

    from_ns: int
    to_ns: int
    name: HoldName


def certain(story: Story, wipes: Wipes) -> Span | None:
    """Return the span in which a hold stood for certain, pinned and sold included; None if no instant is certain."""
    settled = [event for event in story.settles if event.is_ok]
    granted_ns = story.granted_ns
    if settled:
        pinned_ns = min(event.done_ns for event in settled)
        may_be_another = len(story.asks) > 1 or any(event.lost for event in story.asks)
        if may_be_another and lies_between(wipes, story.asked_ns, pinned_ns):
            granted_ns = pinned_ns  # it may have been forgotten and granted once more
        return _span(story, min(granted_ns, pinned_ns), _settled_until(story, settled))
    grant = story.grant()
    if grant is None:
        return None
    until = _kept_until(story, story.asked_ns + grant.ttl_ns)
    ends = [event.call_ns for event in story.releases if event.may_have_happened]
    ends += [event.call_ns for event in story.settles if event.may_have_begun]
    ends += [asked_ns for asked_ns, seen_ns in wipes if seen_ns >= story.asked_ns]
    return _span(story, granted_ns, min([until - SLACK_NS, *ends]))


def settled(story: Story) -> Span | None:
    """Return the span in which a hold was pinned or sold for certain."""
    done = [event for event in story.settles if event.is_ok]
    if not done:
        return None
    return _span(story, min(event.done_ns for event in done), _settled_until(story, done))


def possible(story: Story, wipes: Wipes) -> Span | None:
    """Return the span outside of which a hold cannot have stood; None if it never can have."""
    granted = [event for event in story.asks if event.may_have_happened]
    settling = [event for event in story.settles if event.may_have_begun]
    if not granted and not any(event.is_ok for event in settling):
        return None
    begin = min(event.call_ns for event in (granted or settling))
    is_again = any(event.lost for event in granted) and any(seen_ns >= begin for _, seen_ns in wipes)
    until = _granted_at_most(story)
    lapsed = [event.done_ns for event in story.settles if may_have_lapsed(story, event, wipes)]
    until = max(until, *lapsed) if lapsed else until
    ends = [until + SLACK_NS] if not settling and not is_again else []
    if not is_again:
        ends += _released(story, wipes, settling)
        ends += _wiped(granted, settling, wipes)
    return _span(story, begin, min(ends, default=NEVER_NS))


def may_have_lapsed(story: Story, event: Event, wipes: Wipes) -> bool:
    """Whether a pin that was refused may have kept the hold for a while: it began, and was given up on its way.

    It then learns what became of the hold meanwhile: that its time is over, or, if memory was lost, that nobody knows
    it, or that it was granted anew with another token.
    """
    if event.may_have_begun or event.call_ns > _granted_at_most(story) + SLACK_NS:
        return False
    if event.code in {NOT_FOUND, FORBIDDEN}:
        return lies_between(wipes, event.call_ns, event.done_ns)
    grant = story.grant()
    over_ns = _kept_until(story, story.asked_ns + grant.ttl_ns) if grant else -NEVER_NS
    return event.code == HOLD_EXPIRED and event.done_ns >= over_ns - SLACK_NS


def windows(story: Story) -> tuple[int, int] | None:
    """Return between which instants an acknowledged hold was granted."""
    return None if story.granted_ns == NEVER_NS else (story.asked_ns, story.granted_ns)


def lies_between(wipes: Wipes, from_ns: int, to_ns: int) -> bool:
    """Whether memory may have been lost at some instant of a closed interval."""
    return any(asked_ns <= to_ns and from_ns <= seen_ns for asked_ns, seen_ns in wipes)


def _span(story: Story, from_ns: int, to_ns: int) -> Span | None:
    return Span(from_ns, to_ns, story.name) if from_ns < to_ns else None


def _settled_until(story: Story, settled: Iterable[Event]) -> int:
    """Return until when what an order has is certainly there: what is sold for good, else until its release is sent."""
    if any(event.f == CONFIRM for event in settled):
        return NEVER_NS
    orders = {event.order_id for event in settled}
    return min(
        (event.call_ns for event in story.releases if event.order_id in orders and event.may_have_happened),
        default=NEVER_NS,
    )


def _kept_until(story: Story, until: int) -> int:
    """Return the earliest instant at which a hold's TTL can be over, extensions included.

    Of extensions that overlapped nobody knows which came last, and one that was lost may have come at any time.
    """
    settled_ns = story.granted_ns
    for event in sorted(story.extends, key=lambda each: each.call_ns):
        candidate = event.call_ns + event.ttl_ns
        if event.is_ok and settled_ns <= event.call_ns:
            until = candidate
        elif event.is_ok:
            until = max(min(until, candidate), event.call_ns)
        elif event.may_have_happened:
            until = min(until, candidate)
        if event.may_have_happened:
            settled_ns = max(settled_ns, NEVER_NS if event.lost else event.done_ns)
    return until


def _granted_at_most(story: Story) -> int:
    """Return the latest instant at which the time of a hold that nobody pins can be over."""
    until = max((_granted_until(event) for event in story.asks if event.may_have_happened), default=NEVER_NS)
    for event in story.extends:
        if event.may_have_happened:
            until = max(until, event.done_ns + event.ttl_ns if event.is_ok and not event.lost else NEVER_NS)
    return until


def _granted_until(event: Event) -> int:
    return event.done_ns + event.ttl_ns if event.is_ok else NEVER_NS


def _released(story: Story, wipes: Wipes, settling: list[Event]) -> Iterable[int]:
    """Yield the instants at which an acknowledged release has ended a hold for certain."""
    for release in story.releases:
        if not release.is_ok:
            continue
        if release.order_id is None:
            forgotten = any(
                seen_ns >= release.call_ns and any(ask.done_ns >= asked_ns for ask in story.asks)
                for asked_ns, seen_ns in wipes
            )
            if not forgotten:
                yield release.done_ns + SLACK_NS
        elif all(event.order_id == release.order_id for event in settling) and any(each.is_ok for each in settling):
            yield release.done_ns + SLACK_NS


def _wiped(granted: list[Event], settling: list[Event], wipes: Wipes) -> Iterable[int]:
    """Yield the instants at which a hold that nobody pinned was forgotten for certain."""
    if settling:
        return
    last_ns = max((event.done_ns for event in granted), default=NEVER_NS)
    for asked_ns, seen_ns in wipes:
        if last_ns < asked_ns:
            yield seen_ns + SLACK_NS


class Standing:
    """Spans of one seat, and what they cover; all are added before the first question."""

    def __init__(self) -> None:
        """Begin without any."""
        self._spans: list[Span] = []
        self._froms: list[int] | None = None

    def add(self, span: Span) -> None:
        """Note a span."""
        self._spans.append(span)

    def covering(self, from_ns: int, to_ns: int) -> Span | None:
        """Return a span that begins before a closed interval and ends after it."""
        self._close()
        place = bisect_left(self._froms or [], from_ns)
        if not place or self._longest[place - 1].to_ns <= to_ns:
            return None
        return self._longest[place - 1]

    def meetings(self) -> Iterable[tuple[Span, Span]]:
        """Yield who began to stand while another one still did, with the one of those that stood longest."""
        self._close()
        for place in range(1, len(self._spans)):
            earlier, later = self._longest[place - 1], self._spans[place]
            if later.from_ns < earlier.to_ns and later.name != earlier.name:
                yield earlier, later

    def count(self, from_ns: int, to_ns: int) -> int:
        """Return how many spans have an instant in common with a closed interval."""
        self._close()
        return bisect_right(self._froms or [], to_ns) - bisect_left(self._tos, from_ns)

    def meeting(self, from_ns: int, to_ns: int) -> Iterator[Span]:
        """Yield the spans that have an instant in common with a closed interval, the last to begin first."""
        self._close()
        for place in range(bisect_right(self._froms or [], to_ns) - 1, -1, -1):
            if self._longest[place].to_ns < from_ns:
                return
            if self._spans[place].to_ns >= from_ns:
                yield self._spans[place]

    def _close(self) -> None:
        if self._froms is not None:
            return
        self._spans.sort(key=lambda span: span.from_ns)
        self._froms = [span.from_ns for span in self._spans]
        self._tos = sorted(span.to_ns for span in self._spans)
        self._longest: list[Span] = []
        for span in self._spans:
            last = self._longest[-1] if self._longest else span
            self._longest.append(span if span.to_ns > last.to_ns else last)
