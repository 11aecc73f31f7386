"""How long to wait before asking again for a lock that was busy."""

import random

_BASE_MS = 8
_CAP_MS = 128


def full_jitter_ms(attempt: int) -> float:
    """A random delay before attempt number `attempt` (from 1): uniform in 0 … min(128, 8 · 2^attempt) ms.

    Without randomness, competitors that split the nodes between them ask again at the same moment and split them
    again. Source: "Exponential Backoff And Jitter", AWS Architecture Blog, the variant called full jitter.
    """
    return random.uniform(0, min(_CAP_MS, _BASE_MS * 2 ** min(attempt, 8)))  # noqa: S311  - spreads load; no secret
