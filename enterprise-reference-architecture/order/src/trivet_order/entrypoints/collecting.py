"""How often a process that keeps many objects looks for garbage among them."""

from __future__ import annotations

import gc

YOUNG_MAX = 50_000


def collect_seldom() -> None:
    """Let the collector pass over what is there for good, and look at what is new less often.

    A worker has thousands of checkouts in hand, each of a few dozen objects, none of them in a cycle. By the usual
    threshold, 700, the collector would go through all of them several times a batch and find nothing. Cycles are still
    collected, seventy times more seldom (`gc.freeze` and `gc.set_threshold`, Python's documentation).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 20)
