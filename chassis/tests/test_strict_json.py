"""JSON that two readers would read differently is refused, and so is everything that is no JSON."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_chassis import InvalidRequest, is_json, read_json

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
)


@given(documents)
def test_what_is_json_is_read(document: Any) -> None:
    assert read_json(json.dumps(document).encode()) == document


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(InvalidRequest):
        read_json(body)


def test_a_number_without_a_fraction_is_whole() -> None:
    numbers = read_json(b"[2, 2.0, 2e0, 2.5, 1e400]")
    assert [type(number) for number in numbers] == [int, int, int, float, float]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"a": 1, "a": 1}', 'the name "a" twice'),
        (b'[{"b": {"a": 1, "a": 2}}]', 'the name "a" twice'),
        (b"[NaN]", "has NaN"),
        (b"[-Infinity]", "has -Infinity"),
        (b'{"a":\xff}', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ('{"a":1}'.encode("utf-16-le"), "no JSON"),
        (b'{"a":', "no JSON: Expecting value at character 5"),
        (b"", "no JSON"),
        (b"9" * 60_000, "too long"),
        (b"[" * 60_000, "nested too deeply"),
    ],
)
def test_a_body_is_refused_with_what_is_wrong_with_it(body: bytes, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_json(body)
    assert sentence in refused.value.detail


@pytest.mark.parametrize("said", ["application/json", "Application/JSON", "application/json;charset=UTF-8"])
def test_json_may_name_its_charset(said: str) -> None:
    assert is_json(said)


@pytest.mark.parametrize("said", ["", "text/plain", "application/jsonp", "json", "text/json; application/json"])
def test_another_media_type_is_not_json(said: str) -> None:
    assert not is_json(said)
