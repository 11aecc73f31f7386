"""Takes samples so that two sides can be compared: in pairs, in turns, on one machine in one run."""

from __future__ import annotations

from collections.abc import Callable

Take = Callable[[], float]


def alternate(ours: Take, peer: Take, pairs: int) -> list[tuple[float, float]]:
    """Return ``pairs`` of (ours, peer), each measured one right after the other.

    The order changes from pair to pair (A B, B A, …): a machine that warms up, throttles or gets a busy neighbour
    favours neither side. One sample of each comes before and does not count: it fills caches and pools.
    """
    ours()
    peer()
    found = []
    for number in range(pairs):
        if number % 2:
            mine, theirs = ours(), peer()
        else:
            theirs, mine = peer(), ours()
        found.append((mine, theirs))
    return found


def against_bound(ours: Take, bound: float, times: int) -> list[tuple[float, float]]:
    """Return ``times`` of (ours, bound), for what has a limit in milliseconds or counts and no peer.

    One sample comes before and does not count, as in ``alternate``.
    """
    ours()
    return [(ours(), bound) for _ in range(times)]
