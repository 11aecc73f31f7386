"""What a customer is told of a refusal is one of a few codes, whatever anybody said."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_chassis import PROBLEMS
from trivet_order.application import (
    REFUSAL_CODES,
    CheckoutRecord,
    RecordedStep,
    as_customer_sees,
    code_of,
    refused_with,
)
from trivet_order.application.saga import SagaEvent

AT = datetime(2026, 1, 1, tzinfo=UTC)
OF_THE_WAY = {"unauthenticated", "method-not-allowed", "unsupported-media-type"}


def test_they_are_the_codes_of_the_table_that_decide_about_an_order() -> None:
    decide = {code for code, kind in PROBLEMS.items() if kind.definite and not kind.retryable}
    assert decide - OF_THE_WAY == REFUSAL_CODES


@given(st.sampled_from(sorted(REFUSAL_CODES)), st.text())
def test_a_refusal_begins_with_its_code(code: str, reason: str) -> None:
    assert code_of(refused_with(code, reason)) == code


@pytest.mark.parametrize(
    "detail",
    [
        None,
        "",
        "not reached: Cannot connect to host inventory-1:8000 ssl:default",
        "no whole answer: ClientOSError: [Errno 104] Connection reset by peer",
        "503 unavailable: pool of db-1",
        "unauthenticated: the token's key is not of http://issuer:9000",
        "no-answer: no answer within 1.000 s",
        "out-of-stock at inventory-1",
        "inventory-1",
        "a defect: out-of-stock: x",
    ],
)
def test_nothing_else_is_a_code(detail: str | None) -> None:
    assert code_of(detail) is None


@given(st.lists(st.tuples(st.sampled_from(SagaEvent), st.none() | st.text())), st.none() | st.text())
def test_a_customer_sees_no_word_that_was_said(
    happened: list[tuple[SagaEvent, str | None]], parked: str | None
) -> None:
    steps = tuple(RecordedStep(event, "holding", 3, detail, AT) for event, detail in happened)
    seen = as_customer_sees(CheckoutRecord(UUID(int=7), "holding", 3, "out-of-stock", parked, steps))
    assert seen.is_parked is (parked is not None)
    assert (seen.order_id, seen.state, seen.attempts, seen.reason) == (UUID(int=7), "holding", 3, "out-of-stock")
    assert [each.event for each in seen.steps] == [event for event, _ in happened]
    assert {each.code for each in seen.steps} <= REFUSAL_CODES | {None}


def test_why_an_operator_parked_it_is_no_code_whatever_it_begins_with() -> None:
    step = RecordedStep(SagaEvent.PARKED, "holding", 3, "not-found: I looked for hours", AT)
    (seen,) = as_customer_sees(CheckoutRecord(UUID(int=7), "holding", 3, None, "x", (step,))).steps
    assert seen.code is None
