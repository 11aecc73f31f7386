"""traceparent is parsed as the recommendation says, and a bad one starts a new trace."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from trivet_chassis import Trace, TraceMiddleware, current_trace_id, parse_traceparent

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_version_00_and_later_ones_are_read() -> None:
    assert parse_traceparent(f"00-{ID}-{SPAN}-01") == Trace(ID, SPAN, sampled=True)
    assert parse_traceparent(f"00-{ID}-{SPAN}-00") == Trace(ID, SPAN, sampled=False)
    assert parse_traceparent(f"cc-{ID}-{SPAN}-03-what-comes-later") == Trace(ID, SPAN, sampled=True)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        f"00-{ID}-{SPAN}",
        f"00-{ID}-{SPAN}-01-more",
        f"ff-{ID}-{SPAN}-01",
        f"cc-{ID}-{SPAN}-01more",
        f"00-{ID.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{ID}-{'0' * 16}-01",
        f"00-{ID[:-1]}-{SPAN}-01",
        f" 00-{ID}-{SPAN}-01",
        f"00-{ID}-{SPAN}-01\n",
        f"00-{ID[:-1]}g-{SPAN}-01",
    ],
)
def test_what_the_recommendation_forbids_is_refused(bad: str) -> None:
    assert parse_traceparent(bad) is None


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    trace = parse_traceparent(text)
    assert trace is None or parse_traceparent(trace.traceparent) == trace


async def say_trace(_: Request) -> PlainTextResponse:
    return PlainTextResponse(current_trace_id())


app = TraceMiddleware(Starlette(routes=[Route("/", say_trace)]), "127.0.0.1:1")


def get(headers: Any = None) -> httpx.Response:
    async def once() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as http:
            return await http.get("/", headers=headers)

    return asyncio.run(once())


def test_a_trace_is_continued_with_a_span_of_its_own() -> None:
    answer = get({"traceparent": f"00-{ID}-{SPAN}-01"})
    assert answer.text == ID
    passed_on = parse_traceparent(answer.headers["traceparent"])
    assert passed_on is not None
    assert (passed_on.trace_id, passed_on.sampled) == (ID, True)
    assert passed_on.span_id != SPAN
    assert answer.headers["x-trivet-node"] == "127.0.0.1:1"


def test_a_missing_or_doubled_header_starts_a_new_trace() -> None:
    doubled = [("traceparent", f"00-{ID}-{SPAN}-01"), ("traceparent", f"00-{ID}-{SPAN}-01")]
    seen = {get().text, get(doubled).text}
    assert len(seen) == 2
    assert ID not in seen
    assert current_trace_id() == "0" * 32
