"""How often a process that keeps many objects looks for garbage among them."""

from __future__ import annotations

import gc

YOUNG_MAX = 50_000


def collect_seldom() -> None:
    """Let the collector pass over what is there for good, and look at what is new less often.

    A worker has thousands of checkouts in hand, each of a few dozen objects, none of them in a cycle. By the usual
    thresholds, 700 objects and 10 times 10 rounds, the collector looks at the new ones hundreds of times a second, at
    all of them every few seconds, and finds nothing. Cycles are still collected, the youngest seventy times more seldom
    (`gc.freeze` and `gc.set_threshold`, Python's documentation).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 20)
