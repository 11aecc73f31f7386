import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trivet_locks.validity import check_ttl, drift_ns, remaining_ms, valid_until_ns

MS = 1_000_000
ttls = st.integers(min_value=3, max_value=10**9)
instants = st.integers(min_value=0, max_value=2**63)

# A busy machine is no defect.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_the_documented_drift() -> None:
    assert drift_ns(5000) == 52 * MS


@CALM
@given(started_ns=instants, ttl_ms=ttls, elapsed_ns=st.integers(min_value=0, max_value=10**16))
def test_validity_is_ttl_less_elapsed_less_drift(started_ns: int, ttl_ms: int, elapsed_ns: int) -> None:
    left_ns = valid_until_ns(started_ns, ttl_ms) - (started_ns + elapsed_ns)
    assert left_ns * 100 == ttl_ms * MS * 100 - elapsed_ns * 100 - (ttl_ms * MS + 200 * MS)


@CALM
@given(started_ns=instants, ttl_ms=ttls, delay_ns=st.integers(min_value=0, max_value=10**12))
def test_a_node_whose_clock_is_one_percent_fast_still_outlasts_the_validity(
    started_ns: int, ttl_ms: int, delay_ns: int
) -> None:
    # It starts the TTL when it hears the command, and rounds the instant of expiry down to a whole millisecond.
    expires_ns = started_ns + delay_ns + ttl_ms * MS * 100 // 101 - MS
    assert valid_until_ns(started_ns, ttl_ms) < expires_ns


@CALM
@given(until_ns=instants, now_ns=instants)
def test_what_remains_is_never_overstated(until_ns: int, now_ns: int) -> None:
    left_ms = remaining_ms(until_ns, now_ns)
    assert left_ms >= 0
    assert left_ms * MS <= max(0, until_ns - now_ns)


@CALM
@given(ttl_ms=st.integers(min_value=-(10**6), max_value=10**6))
def test_a_ttl_that_drift_consumes_is_refused(ttl_ms: int) -> None:
    if ttl_ms <= 2:
        with pytest.raises(ValueError, match="no validity"):
            check_ttl(ttl_ms)
    else:
        assert check_ttl(ttl_ms) == ttl_ms
