"""How an operation ended, in one word for whoever counts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import RequestInFlight, ServiceError

UNKNOWN = "unknown"
INTERNAL = "internal"


class Outcome:
    """How one operation ended; ``internal`` until it is said."""

    def __init__(self) -> None:
        self.word = INTERNAL

    def set(self, word: str) -> None:
        """Say how it ended."""
        self.word = word


@contextmanager
def counted_outcome(count: Callable[[str], None]) -> Iterator[Outcome]:
    """Count what happens in the block by how it ends: once, whatever ends it.

    A refusal counts as its code, an indefinite one as ``unknown``: the effect may have happened. Only of
    ``request-in-flight`` is it another request's effect that is unknown, so it keeps its code.
    """
    outcome = Outcome()
    try:
        yield outcome
    except ServiceError as error:
        outcome.set(error.code if error.definite or isinstance(error, RequestInFlight) else UNKNOWN)
        raise
    finally:
        count(outcome.word)
