import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_lab.load.backoff import Backoff, parse_retry_after


@given(st.integers(1, 10_000), st.none() | st.floats(0, 1e9), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_at_least_what_was_asked_up_to_the_cap_and_at_most_the_longest_more(attempts, asked_s, share):
    backoff = Backoff(first_s=0.05, longest_s=1.0, retry_after_s_max=2.0, random=lambda: share)
    wait_s = backoff.wait_s(attempts, asked_s)
    honoured_s = min(asked_s or 0, 2.0)
    assert honoured_s <= wait_s <= honoured_s + 1.0


def test_waits_double_until_the_longest():
    backoff = Backoff(first_s=0.05, longest_s=1.0, retry_after_s_max=0, random=lambda: 1.0)
    assert [backoff.wait_s(attempts, None) for attempts in (1, 2, 3, 6)] == pytest.approx([0.05, 0.1, 0.2, 1.0])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        ("0.25", 0.25),
        (None, None),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_nothing(header, seconds):
    assert parse_retry_after(header) == seconds
