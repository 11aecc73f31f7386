"""One item's timeline: bars from call to answer on one scale, when all were in flight at once, and the plain story."""

from __future__ import annotations

import dataclasses

from trivet_lab.evidence import Outcome
from trivet_lab.report import words
from trivet_lab.report.seats import LEDGER

BAR_MIN_PERCENT = 0.6


@dataclasses.dataclass
class Bar:
    """One attempt; ``x`` and ``width`` are percent of the timeline."""

    x: float
    width: float
    answered: bool


@dataclasses.dataclass(frozen=True)
class Manner:
    """What a bar is: the words for its begin and its end, and a sentence for the caption."""

    began: str
    ended: str
    bar: str


ASKED = Manner("called", "answered", "A bar runs from the call to its answer")
GIVEN_UP = dataclasses.replace(ASKED, ended="given up")
BELIEVED = Manner(
    "held", "no longer believed", "A bar is the time for which a holder used its lease and believed in it"
)


@dataclasses.dataclass
class Entry:
    """One line: who asked for what, when, what it was told, and the stock after it; or who held a lease for how long.

    ``call_ms`` and ``return_ms`` count from the run's begin until the entry is laid out, from its timeline's then.
    """

    who: str
    what: str
    item: str | None
    call_ms: float | None = None
    return_ms: float | None = None
    answer: str = ""
    outcome: Outcome | None = None
    stock_after: int | None = None
    version: int | None = None
    facts: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    attempts: list[tuple[float, float, bool]] = dataclasses.field(default_factory=list)
    bars: list[Bar] = dataclasses.field(default_factory=list)
    manner: Manner = ASKED
    taken: frozenset[str] = frozenset()
    """Seats that it made somebody's."""


@dataclasses.dataclass
class Timeline:
    """Entries on one scale.

    ``both`` is when two that collided, or else all, were in flight at once, in percent (x, width).
    """

    item: str | None
    entries: list[Entry]
    story: list[str]
    origin_s: float | None
    ticks: list[tuple[float, str]]
    both: tuple[float, float] | None
    has_stock: bool
    bar: str


def lay_out_timeline(item: str | None, entries: list[Entry]) -> Timeline:
    """Return the timeline of these entries, which keep their order."""
    timed = [entry for entry in entries if entry.attempts]
    origin_ms = min((entry.attempts[0][0] for entry in timed), default=0.0)
    span_ms = max(max((entry.attempts[-1][1] for entry in timed), default=0.0) - origin_ms, 0.001)
    for entry in timed:
        entry.bars = [
            Bar(_percent(call - origin_ms, span_ms), max(_percent(end - call, span_ms), BAR_MIN_PERCENT), answered)
            for call, end, answered in entry.attempts
        ]
        entry.call_ms = entry.attempts[0][0] - origin_ms
        entry.return_ms = entry.attempts[-1][1] - origin_ms
    pair = _last_and_next(entries)
    both = (_overlap(pair) if pair else None) or _overlap(timed)
    return Timeline(
        item=item,
        entries=entries,
        story=_story(entries),
        origin_s=origin_ms / 1000 if timed else None,
        ticks=[(share * 100, words.duration_ms(span_ms * share)) for share in (0, 0.25, 0.5, 0.75, 1)],
        both=(_percent(both[0], span_ms), _percent(both[1] - both[0], span_ms)) if both else None,
        has_stock=any(entry.stock_after is not None for entry in entries),
        bar=entries[0].manner.bar,
    )


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 2)


def _overlap(timed: list[Entry]) -> tuple[float, float] | None:
    """Return the window in which every entry was in flight, in ms since the first call; None if there is none."""
    if len(timed) < 2 or not all(entry.attempts for entry in timed):
        return None
    begin = max(entry.call_ms or 0.0 for entry in timed)
    end = min(entry.return_ms or 0.0 for entry in timed)
    return (begin, end) if begin < end else None


def _last_and_next(entries: list[Entry]) -> list[Entry] | None:
    """Return who took the last unit and the first to get one that did not exist, if both are here."""
    last: Entry | None = None
    for entry in entries:
        if entry.stock_after is not None and entry.stock_after < 0:
            return [last, entry] if last else None
        if entry.stock_after == 0:
            last = entry
    return None


def _story(entries: list[Entry]) -> list[str]:
    """Return what happened in plain words, and no more than the entries themselves show."""
    if all(entry.manner is BELIEVED for entry in entries):
        return _believed_at_once(entries)
    below = next((entry for entry in entries if entry.stock_after is not None and entry.stock_after < 0), None)
    if below is None:
        return _same_seat(entries) or _same_stock(entries) or _same_version(entries)
    units = words.counted(-(below.stock_after or 0), "unit")
    told = "was told that it had its purchase" if below.outcome == "ok" else "had its purchase committed"
    story = []
    pair = _last_and_next(entries)
    if pair:
        story.append(f"{pair[0].who.capitalize()} took the last of {below.item}: after it the stock was 0.")
    short = f"{below.who.capitalize()} {told} all the same, which left {words.number(below.stock_after or 0)}"
    story.append(f"{short}: {units} sold that did not exist.")
    if pair and _overlap(pair):
        story.append(
            "Both were in flight at the same moment, each asked before the other was answered."
            " Nothing made one wait for the other, and nothing refused the second."
        )
    return [" ".join(story)]


def _same_seat(entries: list[Entry]) -> list[str]:
    seen: dict[str, Entry] = {}
    for entry in entries:
        for seat in sorted(entry.taken):
            other = seen.setdefault(seat, entry)
            whose = [each.who.removeprefix(LEDGER) for each in (other, entry)]
            if whose[0] != whose[1]:
                both = words.listed(whose).capitalize()
                return [f"{both} both have {seat}: what is one person’s was given to a second."]
    return []


def _same_stock(entries: list[Entry]) -> list[str]:
    seen: dict[int, Entry] = {}
    for entry in entries:
        if entry.outcome != "ok" or entry.stock_after is None:
            continue
        if twin := seen.get(entry.stock_after):
            both = words.listed((twin.who, entry.who)).capitalize()
            return [
                f"{both} were both left with a stock of {words.number(entry.stock_after)}: one did not see the other."
            ]
        seen[entry.stock_after] = entry
    return []


def _same_version(entries: list[Entry]) -> list[str]:
    seen: dict[int, Entry] = {}
    for entry in entries:
        if entry.outcome != "ok" or entry.version is None:
            continue
        if twin := seen.get(entry.version):
            both = words.listed((twin.who, entry.who)).capitalize()
            return [
                f"{both} both read {entry.item} at version {entry.version - 1} and made it version {entry.version}:"
                " one did not see the other."
            ]
        seen[entry.version] = entry
    return []


def _believed_at_once(entries: list[Entry]) -> list[str]:
    first, second = entries[:2]
    return [
        f"{second.who} held the lock of {first.item} and believed in it while {first.who} still did."
        " Either a majority of masters granted what was not free, or a holder believed for too long."
    ]
