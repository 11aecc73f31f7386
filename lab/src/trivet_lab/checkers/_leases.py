"""The leases of a variant, each from the two lines that its holder wrote, and which of them met."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EVENTS, EvidenceError, Pointer
from trivet_lab.evidence import Event, LeaseHeld, VariantDirectory

NS_PER_S = 1_000_000_000


@dataclasses.dataclass
class Lease:
    """One lease as its holder told of it; ``over_ns`` is None if it never told its end."""

    process: str
    resource: str
    fence: int
    held_ns: int
    until_ns: int
    lines: list[Pointer]
    over_ns: int | None = None

    @property
    def believed_ns(self) -> int:
        """Until when its holder both used it and believed in it."""
        return self.until_ns if self.over_ns is None else min(self.until_ns, self.over_ns)

    def __str__(self) -> str:
        """Say who held it, under which fence, from when."""
        return f"{self.process} under fence {self.fence:,} from {self.held_ns / NS_PER_S:.3f} s"


@dataclasses.dataclass(frozen=True)
class Meeting:
    """Two leases of one resource at once: the later was held before the earlier had ended, at ``end_ns``."""

    earlier: Lease
    later: Lease
    end_ns: int

    def __str__(self) -> str:
        """Say who met whom."""
        return (
            f"{self.earlier.resource}: {self.earlier} to {self.end_ns / NS_PER_S:.3f} s, "
            f"and meanwhile {self.later.process} under fence {self.later.fence:,} from "
            f"{self.later.held_ns / NS_PER_S:.3f} s"
        )


def pair_leases(events: Iterable[tuple[int, Event]]) -> list[Lease]:
    """Return every lease of these events, in the order in which they were told of.

    An end belongs to the last lease of its name that was held before it and has no end yet: a fence may be drawn
    twice, since a database that dies forgets draws that nobody committed, and without fences every one is 0.

    Args:
        events: in order of time, or lease by lease, as a witness has them; each with the place of its line.

    Raises:
        EvidenceError: a lease ends that was not held.
    """
    leases: list[Lease] = []
    open_ones: dict[tuple[str, str, int], Lease] = {}
    for place, event in events:
        name, line = (event.process, event.resource, event.fence), (EVENTS, place)
        if isinstance(event, LeaseHeld):
            lease = Lease(event.process, event.resource, event.fence, event.held_ns, event.until_ns, [line])
            open_ones[name] = lease
            leases.append(lease)
            continue
        ended = open_ones.pop(name, None)
        if ended is None:
            raise EvidenceError(
                f"{event.process} ended a lease of {event.resource} that it did not hold, fence {event.fence:,}"
            )
        ended.over_ns = event.over_ns
        ended.lines.append(line)
    return leases


class Leases:
    """Every lease of the variant, read once; ``by_resource`` in the order in which they were held."""

    def __init__(self, evidence: Evidence) -> None:
        """Read ``events.jsonl`` and pair its lines.

        Raises:
            EvidenceError: it is missing, damaged, or holds no lease; or its lines contradict each other.
        """
        self.by_resource: defaultdict[str, list[Lease]] = defaultdict(list)
        self.count = 0
        for lease in pair_leases(evidence.events()):
            self.by_resource[lease.resource].append(lease)
            self.count += 1
        if not self.count:
            raise EvidenceError("events.jsonl tells of no lease")
        for leases in self.by_resource.values():
            leases.sort(key=attrgetter("held_ns"))

    def used_at_once(self) -> Iterator[Meeting]:
        """Yield who began to use a lease while another one of the same resource was in use.

        A lease whose end nobody told claims nothing: its holder may have died in the same instant.
        """
        for earlier, place, leases in self._each():
            if earlier.over_ns is not None:
                yield from _meetings(earlier, leases, place, earlier.over_ns)

    def believed_at_once(self) -> Iterator[Meeting]:
        """Yield who began to believe in a lease while another one of the same resource was still believed."""
        for earlier, place, leases in self._each():
            for meeting in _meetings(earlier, leases, place, earlier.believed_ns):
                if meeting.later.held_ns < meeting.later.believed_ns:
                    yield meeting

    def _each(self) -> Iterator[tuple[Lease, int, list[Lease]]]:
        for leases in self.by_resource.values():
            for place, lease in enumerate(leases):
                yield lease, place, leases


def _meetings(earlier: Lease, leases: list[Lease], place: int, end_ns: int) -> Iterator[Meeting]:
    """Yield the meetings of a lease with those after it; as a rule there is none, and one comparison says so."""
    for number in range(place + 1, len(leases)):
        later = leases[number]
        if later.held_ns >= end_ns:
            return
        yield Meeting(earlier, later, end_ns)


def lease_meetings(directory: VariantDirectory) -> list[Meeting]:
    """Return who used a lease while another one of the same resource was in use, for figures and charts.

    Raises:
        EvidenceError: nobody told of a lease, or the evidence is damaged.
    """
    return list(Leases(Evidence(directory)).used_at_once())
