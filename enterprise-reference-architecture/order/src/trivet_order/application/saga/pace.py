"""How much at once, how long to wait, and when to give up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trivet_order.application.leasing import LOOKS_A_LEASE

_DOUBLINGS_MAX = 16


@dataclass(frozen=True, slots=True)
class SagaPace:
    """How a worker goes about it.

    ``batch`` sagas are claimed at once, and as many commands sent in one call; at most ``calls_max`` calls are in
    flight to a participant, ``records_max`` changes in one record, and ``in_hand_max`` sagas in hand. After a claim
    of something less than a batch the worker pauses for ``busy_pause_s``, and when nothing is due twice as long each
    time, up to ``idle_pause_s``. A try that comes to nothing is followed by the next one after a random time of up
    to ``retry_first_s``, of twice as long each time up to ``retry_max_s``. A hold or a charge is to be done within
    ``step_deadline_s``. What is refused ``park_after`` times where it must be done is parked.
    """

    batch: int = 200
    in_hand_max: int = 2_000
    calls_max: int = 3
    records_max: int = 1_000
    lease_s: float = 10.0
    shards_a_turn: int = 1
    busy_pause_s: float = 0.004
    idle_pause_s: float = 0.02
    retry_first_s: float = 0.1
    retry_max_s: float = 30.0
    step_deadline_s: float = 60.0
    park_after: int = 10

    @property
    def look_again_s(self) -> float:
        """How long after a record somebody else may take a saga up, if nobody has by then.

        Well within a lease: who dies with sagas in hand keeps others waiting by its leases alone.
        """
        return self.lease_s / LOOKS_A_LEASE


def retry_in_s(attempts: int, pace: SagaPace, jitter: Callable[[], float]) -> float:
    """Return how long to wait after so many tries: any time from none to a bound that doubles (full jitter).

    Those that failed in one moment come back spread over the whole of it, and not in one moment again.
    """
    bound_s: float = min(pace.retry_max_s, pace.retry_first_s * 2 ** min(attempts - 1, _DOUBLINGS_MAX))
    return bound_s * jitter()
