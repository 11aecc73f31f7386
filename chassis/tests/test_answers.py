"""An answer is bytes: what is stored is what is sent, and a repetition says that it is one."""

from __future__ import annotations

import json

from trivet_chassis import JSON, MEDIA_TYPE, Answer, NotFound, current_trace_id, refusal, success


def test_a_success_is_json() -> None:
    answer = success(201, {"id": "a"})
    assert (answer.status, answer.body, answer.media_type, answer.headers) == (201, b'{"id":"a"}', JSON, {})


def test_a_refusal_is_the_problem_under_the_present_trace() -> None:
    answer = refusal(NotFound("there is no seat 7", seat=7))
    assert (answer.status, answer.media_type) == (404, MEDIA_TYPE)
    problem = json.loads(answer.body)
    assert (problem["code"], problem["seat"], problem["trace_id"]) == ("not-found", 7, current_trace_id())


def test_a_repeated_answer_says_so_outside_its_bytes() -> None:
    first = success(200, {"id": "a"})
    again = Answer(first.status, first.body, replayed=True)
    assert again.body == first.body
    assert again.headers == {"idempotency-replayed": "true"}
