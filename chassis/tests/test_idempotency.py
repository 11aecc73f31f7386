"""A key is printable ASCII and there is one of it; a stored answer is repeated to the same payload alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_chassis import (
    KEY_CHARACTERS_MAX,
    KEY_PATTERN,
    Answer,
    InvalidRequest,
    KeyedRequest,
    KeyReused,
    StoredAnswer,
    read_key,
)


def payload(*parts: object) -> bytes:
    return KeyedRequest.of("s", "o", "k", *parts).payload


def test_a_payload_is_compared_by_meaning() -> None:
    assert payload("a", 1) == payload("a", 1)
    assert len({payload("a", 1), payload("a", 2), payload("b", 1), payload("a", "1"), payload("a1")}) == 5


def test_a_stored_answer_is_repeated_to_the_same_payload_alone() -> None:
    stored = StoredAnswer(payload("a", 1), Answer(201, b"{}"))
    again = stored.repeated_to(KeyedRequest.of("s", "o", "k", "a", 1))
    assert (again.status, again.body, again.replayed) == (201, b"{}", True)
    with pytest.raises(KeyReused):
        stored.repeated_to(KeyedRequest.of("s", "o", "k", "a", 2))


def test_a_request_without_the_header_has_no_key() -> None:
    assert read_key([(b"host", b"shop"), (b"x-idempotency-key", b"k")]) is None


@given(st.binary(max_size=300))
def test_a_key_is_what_the_documented_pattern_says(value: bytes) -> None:
    text = value.decode("latin-1")
    legal = re.search(KEY_PATTERN.replace("$", r"\Z"), text) is not None and len(text) <= KEY_CHARACTERS_MAX
    try:
        assert read_key([(b"idempotency-key", value)]) == text
    except InvalidRequest:
        assert not legal
    else:
        assert legal


@pytest.mark.parametrize("value", [b"", b"x" * 256, b"caf\xc3\xa9", b"a\tb", b"a\n", b"\x7f"])
def test_another_value_is_no_key(value: bytes) -> None:
    with pytest.raises(InvalidRequest, match="printable ASCII"):
        read_key([(b"idempotency-key", value)])


def test_two_keys_are_a_guess_even_if_they_are_equal() -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        read_key([(b"idempotency-key", b"k"), (b"idempotency-key", b"k")])
