"""A circuit breaker: nothing is sent for a while to somebody who did not answer again and again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from circuitbreaker import STATE_HALF_OPEN, CircuitBreaker  # type: ignore[import-untyped]  # it ships no types

PROBE_PAUSE_S = 0.1
"""How long to wait for one request to tell how it is."""


@dataclass(slots=True)
class Turn:
    """One request's. ``is_alive`` is to be set to whether somebody answered; None, nothing is learnt of it."""

    is_alive: bool | None = None


class CircuitOpen(Exception):
    """Nothing may be sent now; ``ready_in_s`` says when that may be different."""

    def __init__(self, ready_in_s: float) -> None:
        super().__init__(f"the circuit is open for {ready_in_s:.1f} s")
        self.ready_in_s = ready_in_s


class _Silence(Exception):
    """Nobody answered: what the breaker counts."""


class Circuit:
    """Opens after so many requests without an answer in a row; after a while one goes as a probe, and decides.

    Which race: many requests wait for the probe to be allowed, and all of them would go at once, to somebody who was
    just about to recover. Why this guard: while the circuit is half open one turn is given at a time. If it were lost,
    the breaker would let through every so often what it is there to keep back.

    A turn that ends without an answer to the question, as one that is cancelled, leaves the circuit as it is.
    """

    def __init__(self, name: str, *, silences_max: int, open_s: float) -> None:
        """Make one that opens after ``silences_max`` silences, for ``open_s`` seconds."""
        self._open_s = open_s
        self._is_probing = False
        self._breaker = CircuitBreaker(silences_max, open_s, _Silence, name)

    def ready_in_s(self) -> float:
        """Return how long nothing may be sent; 0 if a request may go now."""
        if self._breaker.opened:
            return min(float(self._breaker.open_remaining), self._open_s)
        return PROBE_PAUSE_S if self._is_probing else 0.0

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Lend a turn; its holder says in it whether somebody answered.

        Raises:
            CircuitOpen: there is none to be had now.
        """
        if (wait_s := self.ready_in_s()) > 0:
            raise CircuitOpen(wait_s)
        is_probe = self._breaker.state == STATE_HALF_OPEN
        self._is_probing = is_probe
        turn = Turn()
        try:
            yield turn
        finally:
            if is_probe:
                self._is_probing = False
            if turn.is_alive is not None:
                with contextlib.suppress(_Silence):
                    self._breaker.call(_tell, is_alive=turn.is_alive)


def _tell(*, is_alive: bool) -> None:
    if not is_alive:
        raise _Silence
