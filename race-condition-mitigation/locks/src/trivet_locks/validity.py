"""How long a lease may be believed: pure arithmetic, in whole nanoseconds.

Source: "Distributed Locks with Redis", Redis documentation, section "The Redlock Algorithm": with T1 taken before the
first node is asked and T2 when the quorum is reached, validity = TTL - (T2 - T1) - drift, where drift = 1 % of the TTL
for clocks that run at different speeds, plus 2 ms for the granularity of expiry. T2 cancels out once validity is kept
as a point in time: the lease ends at T1 + TTL - drift whenever it was won, which is what `valid_until_ns` returns.
"""

_NS_PER_MS = 1_000_000
_DRIFT_NS_PER_TTL_MS = _NS_PER_MS // 100
_EXPIRY_GRANULARITY_NS = 2 * _NS_PER_MS


def drift_ns(ttl_ms: int) -> int:
    """What is taken off a TTL because no two clocks run alike: 1 % and 2 ms (52 ms of 5,000)."""
    return ttl_ms * _DRIFT_NS_PER_TTL_MS + _EXPIRY_GRANULARITY_NS


def valid_until_ns(started_ns: int, ttl_ms: int) -> int:
    """The instant at which a lease asked for at `started_ns` must no longer be believed.

    Count from *before* the first node was asked: a node starts its TTL when it hears the command, never earlier.
    """
    return started_ns + ttl_ms * _NS_PER_MS - drift_ns(ttl_ms)


def remaining_ms(until_ns: int, now_ns: int) -> int:
    """Whole milliseconds left, rounded down and never negative: a lease is never said to last longer than it does."""
    return max(0, (until_ns - now_ns) // _NS_PER_MS)


def check_ttl(ttl_ms: int) -> int:
    """Return `ttl_ms`, or raise ValueError if drift alone would consume it."""
    if valid_until_ns(0, ttl_ms) <= 0:
        msg = f"ttl_ms={ttl_ms} leaves no validity: drift alone takes {drift_ns(ttl_ms) / _NS_PER_MS:g} ms"
        raise ValueError(msg)
    return ttl_ms
