"""Isolates what a request is refused for as a whole: halves are sent again, down to the one that it is in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from trivet_order.adapters.http.answers import Answered

T = TypeVar("T")
A = TypeVar("A")


class RefusedWhole(Exception):
    """A request was refused for something in it, and nothing of it was done; ``answered`` is what it was told."""

    def __init__(self, answered: Answered) -> None:
        super().__init__()
        self.answered = answered


async def in_halves(ask: Callable[[Sequence[T]], Awaitable[Sequence[A]]], asked: Sequence[T]) -> list[A | RefusedWhole]:
    """Ask all at once; if that is refused whole, each half by itself, and so on.

    One that is poisoned among n costs 2 log2 n further requests, and the others are answered. Halves go one after the
    other: whoever refuses one request is not sent two at a time.

    Returns:
        An answer for each, in their order; for one that is refused even alone, its refusal.
    """
    try:
        return list(await ask(asked))
    except RefusedWhole as refused:
        if len(asked) == 1:
            return [refused]
    middle = len(asked) // 2
    return [*await in_halves(ask, asked[:middle]), *await in_halves(ask, asked[middle:])]
