"""Chance that is the same each time."""

from __future__ import annotations

from random import Random


def chance(seed: int) -> Random:
    """Return a source of random numbers: a seed is a schedule."""
    return Random(seed)  # noqa: S311  - it must repeat, not surprise
