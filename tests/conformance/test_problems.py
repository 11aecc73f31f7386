"""Refusals say what the table of problems says, and name the caller's trace."""

from __future__ import annotations

import re
import secrets

import pytest
from conformance.promises import KINDS, assert_problem
from conformance.service import Api, Scene
from conformance.subject import Operation, about
from conformance.wire import compose, exchange


@about(lambda operation: bool(operation.refusals))
def test_each_refusal_has_its_code_status_and_trace(operation: Operation, scene: Scene) -> None:
    for code, refusal in operation.refusals.items():
        answer = scene.api.call(
            operation.method,
            scene.fill(refusal.path or operation.path),
            scene.fill(refusal.body if refusal.body is not None else operation.body),
        )
        assert_problem(answer, code)


def test_the_same_refusal_reads_the_same(api: Api) -> None:
    first, second = (api.call("GET", "/nothing-is-served-here").json() for _ in range(2))
    assert first.pop("trace_id") != second.pop("trace_id")
    assert first == second


@pytest.mark.parametrize(
    "given",
    [
        None,
        "00-00000000000000000000000000000000-1111111111111111-01",
        "00-" + "a" * 32 + "-0000000000000000-01",
        "ff-" + "a" * 32 + "-1111111111111111-01",
        "00-" + "A" * 32 + "-1111111111111111-01",
        "00-" + "a" * 31 + "-1111111111111111-01",
        "nonsense",
        "",
    ],
    ids=["none", "zero-trace", "zero-span", "version-ff", "upper-case", "short", "nonsense", "empty"],
)
def test_a_missing_or_broken_traceparent_starts_a_new_trace(given: str | None, api: Api) -> None:
    headers = [api.bearer] if given is None else [api.bearer, ("traceparent", given)]
    answer = exchange(api.address, compose("GET", "/nothing-is-served-here", headers), "GET")
    problem = assert_problem(answer, "not-found")
    assert problem["trace_id"] not in {"a" * 32, "A" * 32, "0" * 32}
    assert re.fullmatch(rf"00-{problem['trace_id']}-(?!0{{16}})[0-9a-f]{{16}}-0[01]", answer.headers["traceparent"])


def test_two_traceparents_name_no_trace(api: Api) -> None:
    headers = [("traceparent", f"00-{secrets.token_hex(16)}-{'1' * 16}-01") for _ in range(2)]
    asked = compose("GET", "/nothing", [api.bearer, *headers])
    problem = assert_problem(exchange(api.address, asked, "GET"), "not-found")
    assert problem["trace_id"] not in {headers[0][1][3:35], headers[1][1][3:35]}


def test_the_answer_carries_the_trace_on(api: Api) -> None:
    trace_id = secrets.token_hex(16)
    sent = f"00-{trace_id}-{'1' * 16}-01"
    answer = exchange(api.address, compose("GET", "/livez", [("traceparent", sent)]), "GET")
    assert answer.headers["traceparent"][:36] == sent[:36]
    assert answer.headers["traceparent"] != sent


def test_the_table_of_problems_is_consistent() -> None:
    for code, kind in KINDS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert 400 <= kind["status"] < 600
        # A stored refusal was decided by the effect: it is final, and a repetition gives it again.
        assert not kind["stored"] or (kind["definite"] is True and kind["retryable"] is False)
        assert not kind["retry_after"] or kind["retryable"]
