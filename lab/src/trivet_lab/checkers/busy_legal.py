"""Nobody is told that an item is busy while nobody is at it: a lock that stays behind turns buyers away in vain."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._faults import recorded_faults
from trivet_lab.checkers._history import HISTORY, Batch
from trivet_lab.checkers._inventory import BUY
from trivet_lab.checkers._witness import Violations
from trivet_lab.evidence import FaultRecord

NS_PER_S = 1_000_000_000
LOCK_BUSY = "lock-busy"
ANSWERED_S = 1.0
"""How long a lock may outlive the answer of who held it: slow nodes hear of the release in the background."""
TURNED_S = 0.5
"""How long the votes of an attempt that was turned away may stay where they came late."""
LEASE_S = 6.0
"""How long one may outlive a request that nobody answered: its lease, or its transaction, ends by itself."""
WEDGED_S, WEDGED_AFTER = 2.0, 20
"""So many buyers in a row, over so long, cannot have met only each other: two who ask at once draw lots each time."""
LONG_S = 0.9
"""An attempt of this length may have lost its own lease, and is then told to come again although nobody else came."""
_KEEPS_NOTHING = frozenset({"restart", "delay"})
"""What is stopped in order gives back what it holds, and what is late arrives."""
_ARMED = "failpoint"
"""It is armed when its part is started, and a purchase may set it off before anybody looks for it."""


class _Turned(NamedTuple):
    """One *busy*: when it was asked and answered, whose it was, and where that operation stands."""

    call_ns: int
    return_ns: int
    op: int
    offset: int


class _Visits:
    """Who was at one item: for each attempt its call, and until when it may still have stood in somebody's way."""

    def __init__(self) -> None:
        self.calls = array("q")
        self.ends = array("q")
        self.ops = array("q")
        self.away = array("b")
        self.turned: list[_Turned] = []


class BusyLegal(Checker):
    """Looks for another attempt at the item beside each *busy*, answered or not, and for a fault that strands locks.

    Which race: none of the service's; a lock that is not given back (a release that was skipped, votes of a lost
    attempt that stay) is noticed by nobody but the next buyer. Buyers who ask in vain explain each other, since votes
    can be split, but not for long: somebody gets the lock, or it is nobody's. An operation's own answered attempts
    explain nothing: what they held was given back before they were answered. A fault, unless it is an orderly restart
    or a delay, may leave a lock to its lease, so nothing is judged from its beginning until a lease after its end.
    """

    NAME: ClassVar[str] = "busy_legal"
    RULE: ClassVar[str] = (
        "A purchase is turned away as busy only while somebody else is at the item, not time and again while nobody "
        "is served, or where a lost request or a fault can have left its lock behind."
    )

    def __init__(self, evidence: Evidence) -> None:
        """Read which faults there were, if any."""
        self._evidence = evidence
        self._visits: dict[str, _Visits] = {}
        self._stranding = [window for record in evidence.book(recorded_faults) for window in _of(record)]

    def read(self, batch: Batch) -> None:
        """Note every attempt, and those that were turned away."""
        for operation, offset in zip(batch.operations, batch.offsets, strict=True):
            if operation.f != BUY:
                continue
            item_id = operation.args["item_id"]
            visits = self._visits.get(item_id)
            if visits is None:
                visits = self._visits[item_id] = _Visits()
            for attempt in operation.attempts:
                turned = attempt.status == 429
                answered = 0 < attempt.status < 500
                stays_s = TURNED_S if turned else ANSWERED_S if answered else LEASE_S
                visits.calls.append(attempt.call_ns)
                visits.away.append(turned)
                visits.ends.append(attempt.return_ns + int(stays_s * NS_PER_S))
                visits.ops.append(operation.op if answered else -1)
                if turned and attempt.code == LOCK_BUSY:
                    visits.turned.append(_Turned(attempt.call_ns, attempt.return_ns, operation.op, offset))

    def finish(self) -> Ruling:
        """Rule over each item's buyers who were turned away."""
        found = Violations()
        judged = stranded = 0
        for item_id, visits in sorted(self._visits.items()):
            if not visits.turned:
                continue
            latest, fair = _latest_ends(visits), [each for each in visits.turned if not self._may_be_stranded(each)]
            stranded += len(visits.turned) - len(fair)
            judged += len(fair)
            for turned in fair:
                if not latest.explains(turned):
                    found.add(
                        f"operation {turned.op} was told that {item_id} is busy, and nobody else was there "
                        f"from {turned.call_ns:,} ns to {turned.return_ns:,} ns nor shortly before",
                        (HISTORY, turned.offset),
                    )
            for turned, since_s in _in_vain(fair, visits):
                found.add(
                    f"operation {turned.op} was told that {item_id} is busy, as {WEDGED_AFTER} before it, and nobody "
                    f"had been served there for {since_s:.1f} s",
                    (HISTORY, turned.offset),
                )
        aside = f"; {stranded:,} beside faults are not judged" if stranded else ""
        return found.ruling(self._evidence, f"{judged:,} turned away, each beside somebody else{aside}")

    def _may_be_stranded(self, turned: _Turned) -> bool:
        if turned.return_ns - turned.call_ns >= LONG_S * NS_PER_S:
            return True
        return any(begin <= turned.return_ns and turned.call_ns <= end for begin, end in self._stranding)


class _Latest:
    """Attempts by their call; for each prefix the two latest ends that belong to different operations."""

    def __init__(self, calls: list[int], firsts: list[tuple[int, int]], seconds: list[int]) -> None:
        self._calls = calls
        self._firsts = firsts
        self._seconds = seconds

    def explains(self, turned: _Turned) -> bool:
        """Whether an attempt of another operation, called before this one returned, can still have been in its way."""
        number = bisect_right(self._calls, turned.return_ns) - 1
        end, op = self._firsts[number]
        return (self._seconds[number] if op == turned.op else end) >= turned.call_ns


def _latest_ends(visits: _Visits) -> _Latest:
    """Walk an item's attempts once, in the order of their calls. Unanswered ones have an operation of their own, -1."""
    calls, firsts, seconds = [], [], []
    first, second = (0, -2), 0
    for call, end, op in sorted(zip(visits.calls, visits.ends, visits.ops, strict=True)):
        if op == first[1]:
            first = (max(first[0], end), op)
        elif end > first[0]:
            first, second = (end, op), first[0]
        else:
            second = max(second, end)
        calls.append(call)
        firsts.append(first)
        seconds.append(second)
    return _Latest(calls, firsts, seconds)


def _in_vain(fair: Sequence[_Turned], visits: _Visits) -> Iterator[tuple[_Turned, float]]:
    """Yield who was turned away after so many others although nobody had the item for seconds."""
    spans = zip(visits.calls, visits.ends, visits.away, strict=True)
    calls = sorted((call, end) for call, end, away in spans if not away)
    free_ns, row, place = min(visits.calls), 0, 0  # before anybody came, nobody waited
    for turned in sorted(fair):
        while place < len(calls) and calls[place][0] <= turned.return_ns:
            if calls[place][1] > free_ns:
                free_ns, row = calls[place][1], 0
            place += 1
        row += 1
        since_s = (turned.call_ns - free_ns) / NS_PER_S
        if row > WEDGED_AFTER and since_s > WEDGED_S:
            yield turned, since_s


def _of(record: FaultRecord) -> list[tuple[int, int]]:
    """Return the window in which a fault may have left a lock behind."""
    if record.asked_ns is None or record.effective_ns is None or record.fault in _KEEPS_NOTHING:
        return []
    ends_ns = record.healed_ns if record.healed_ns is not None else 1 << 62
    begins_ns = -(1 << 62) if record.fault == _ARMED else record.asked_ns
    return [(begins_ns, ends_ns + int(LEASE_S * NS_PER_S))]
