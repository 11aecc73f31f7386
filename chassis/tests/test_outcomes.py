"""An operation is counted once, by how it ended."""

from __future__ import annotations

import pytest

from trivet_chassis import NotFound, RequestInFlight, Unavailable, counted_outcome


def test_what_was_said_is_counted() -> None:
    words: list[str] = []
    with counted_outcome(words.append) as outcome:
        outcome.set("purchased")
    assert words == ["purchased"]


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (NotFound("there is no seat 7"), "not-found"),
        (Unavailable("the database is away", definite=True), "unavailable"),
        (Unavailable("COMMIT was cut off", definite=False), "unknown"),
        (RequestInFlight("another has not ended"), "request-in-flight"),
        (ZeroDivisionError(), "internal"),
        (KeyboardInterrupt(), "internal"),
    ],
)
def test_what_was_raised_is_counted_by_whether_the_effect_is_known(error: BaseException, word: str) -> None:
    words: list[str] = []
    with pytest.raises(type(error)), counted_outcome(words.append):
        raise error
    assert words == [word]
