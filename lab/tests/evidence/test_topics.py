"""A record is kept as text where it is some, and else byte for byte."""

from __future__ import annotations

import base64

import msgspec
import pytest

from trivet_lab.evidence import Record, record_of


def test_text_stands_as_text() -> None:
    record = record_of((3, 7, 1_700_000_000_000), b"order-1", '{"für": 1}'.encode(), [("type", b"OrderCreated")])
    assert (record.partition, record.offset, record.at_ms, record.encoding) == (3, 7, 1_700_000_000_000, "utf-8")
    assert (record.key, record.value, record.headers) == ("order-1", '{"für": 1}', [("type", "OrderCreated")])
    assert (record.header("type"), record.header("event-id")) == ("OrderCreated", None)


@pytest.mark.parametrize("place", range(3), ids=["key", "value", "header"])
def test_what_is_no_text_makes_all_of_it_base64(place: int) -> None:
    parts = [b"k", b"v", b"h"]
    parts[place] = b"\xff\xfe"
    record = record_of((0, 0, 0), parts[0], parts[1], [("h", parts[2])])
    assert record.encoding == "base64"
    assert [base64.b64decode(each or "") for each in (record.key, record.value, record.header("h"))] == parts


def test_what_is_not_there_is_not_there() -> None:
    record = record_of((0, 0, 0), None, None, [])
    assert (record.key, record.value, record.encoding) == (None, None, "utf-8")


def test_a_line_is_read_as_it_was_written() -> None:
    record = record_of((1, 2, 3), b"k", b"\xff", [("a", b"1"), ("a", b"2")])
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
