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
ARMED_S = 3.0
"""How long before the lab looks for it a failpoint may have struck: it is armed when its part is started."""
LONG_S = 0.9
"""An attempt of this length may have lost its own lease, and is then told to come again although nobody else came."""
_KEEPS_NOTHING = frozenset({"restart", "delay"})
"""What is stopped in order gives back what it holds, and what is late arrives."""
_ARMED = "failpoint"
IN_FLIGHT = "request-in-flight"
"""Told of a key: who gets it holds nothing of the item."""


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
        "is served, or where a lost request or a fault can have left its lock behind, or after so long that its own "
        "lease may have run out."
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
                turned = attempt.status == 429 or attempt.code == IN_FLIGHT
                answered = 0 < attempt.status < 500
                stays_s = TURNED_S if turned else ANSWERED_S if answered else LEASE_S
                visits.calls.append(attempt.call_ns)
                visits.away.append(turned)
                visits.ends.append(attempt.return_ns + int(stays_s * NS_PER_S))
                visits.ops.append(operation.op if answered else -1)
                if attempt.status == 429 and attempt.code == LOCK_BUSY:
                    visits.turned.append(_Turned(attempt.call_ns, attempt.return_ns, operation.op, offset))

    def finish(self) -> Ruling:
        """Rule over each item's buyers who were turned away."""
        found = Violations()
        judged = stranded = long = 0
        for item_id, visits in sorted(self._visits.items()):
            if not visits.turned:
                continue
            short = [turned for turned in visits.turned if turned.return_ns - turned.call_ns < LONG_S * NS_PER_S]
            fair = [turned for turned in short if not self._is_beside_a_fault(turned.call_ns, turned.return_ns)]
            judged += len(fair)
            stranded += len(short) - len(fair)
            long += len(visits.turned) - len(short)
            self._judge(item_id, visits, fair, found)
        aside = (f"; {stranded:,} beside faults are not judged" if stranded else "") + (
            f"; {long:,} lasted so long that their own lease may have run out" if long else ""
        )
        unreadable = self._evidence.history.unreadable
        if found.count and unreadable:
            return Ruling(
                "unknown",
                f"{found.count:,} were turned away with nobody there, but {unreadable:,} lines of the history are "
                f"unreadable and may tell who was{aside}",
            )
        return found.ruling(self._evidence, f"{judged:,} turned away, each beside somebody else{aside}")

    def _judge(self, item_id: str, visits: _Visits, fair: Sequence[_Turned], found: Violations) -> None:
        latest = _latest_ends(visits)
        for turned in fair:
            if not latest.explains(turned):
                found.add(
                    f"operation {turned.op} was told that {item_id} is busy, and nobody else was there "
                    f"from {turned.call_ns:,} ns to {turned.return_ns:,} ns nor shortly before",
                    (HISTORY, turned.offset),
                )
        for turned, row, since_s in self._in_vain(fair, visits):
            found.add(
                f"operation {turned.op} was told that {item_id} is busy, the {row}th in a row over {since_s:.1f} s "
                "in which nobody was served there",
                (HISTORY, turned.offset),
            )

    def _in_vain(self, fair: Sequence[_Turned], visits: _Visits) -> Iterator[tuple[_Turned, int, float]]:
        """Yield who was turned away at the end of a long row, without a pause or a fault in it, and nobody served."""
        spans = zip(visits.calls, visits.ends, visits.away, strict=True)
        served = sorted((call, end) for call, end, away in spans if not away)
        free_ns = last_ns = began_ns = row = place = 0
        for turned in sorted(fair):
            while place < len(served) and served[place][0] <= turned.return_ns:
                if served[place][1] > free_ns:
                    free_ns, row = served[place][1], 0
                place += 1
            paused = turned.call_ns - last_ns > TURNED_S * NS_PER_S
            if not row or paused or self._is_beside_a_fault(last_ns, turned.call_ns):
                began_ns, row = max(turned.call_ns, free_ns), 0
            row, last_ns = row + 1, max(last_ns, turned.return_ns)
            since_s = (turned.call_ns - began_ns) / NS_PER_S
            if row > WEDGED_AFTER and since_s > WEDGED_S:
                yield turned, row, since_s

    def _is_beside_a_fault(self, from_ns: int, to_ns: int) -> bool:
        return any(begin <= to_ns and from_ns <= end for begin, end in self._stranding)


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


def _of(record: FaultRecord) -> list[tuple[int, int]]:
    """Return the window in which a fault may have left a lock behind."""
    if record.asked_ns is None or record.effective_ns is None or record.fault in _KEEPS_NOTHING:
        return []
    ends_ns = record.healed_ns if record.healed_ns is not None else 1 << 62
    begins_ns = record.asked_ns - int(ARMED_S * NS_PER_S if record.fault == _ARMED else 0)
    return [(begins_ns, ends_ns + int(LEASE_S * NS_PER_S))]
