"""The audit log says what staff moved, and whom their pages turned away; a password is never in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from audit_log import lines_of

SitDown = Callable[[str | None], Any]
ADD = "/ledger/adjustment/add/"


def first(answer: httpx.Response) -> httpx.Response:
    """Return what was answered before anybody was sent on."""
    return answer.history[0] if answer.history else answer


def facts(told: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(told[name] for name in names)


def test_an_adjustment_is_told_with_who_and_what(office: Any, desk_of: SitDown) -> None:
    desk = desk_of("adjuster")
    form = desk.adjustment("external-eur", "bob-eur", "21", "ticket 18: paid in cash")
    told = office.told(first(desk.adjust(form)))
    assert facts(told, "event", "subject", "operation", "status") == ("moved", "staff:adjuster", "adjustment", 201)
    assert facts(told, "key", "account_id", "counter_account_id", "amount_minor") == (
        form["key"],
        "external-eur",
        "bob-eur",
        21,
    )
    assert not told["replayed"]
    assert office.told(first(desk.adjust(form)))["replayed"]
    assert "ticket 18" not in office.log.read_text(), "the reason is in the books, and may name somebody"


def test_an_adjustment_that_is_declined_is_told_too(office: Any, desk_of: SitDown) -> None:
    desk = desk_of("adjuster")
    told = office.told(desk.adjust(desk.adjustment("dora-usd", "external-usd", "999999999")))
    assert facts(told, "event", "subject", "status", "amount_minor") == ("moved", "staff:adjuster", 402, 999999999)


@pytest.mark.parametrize(
    ("name", "password", "subject"),
    [
        ("adjuster", "not the right words", "staff:adjuster"),
        ("correct horse battery", "adjuster", None),
        ("nobody", "not the right words", None),
    ],
    ids=["a wrong password", "a password in the name's place", "nobody"],
)
def test_who_cannot_log_in_is_told_by_a_name_that_is_somebodys(
    office: Any, desk_of: SitDown, name: str, password: str, subject: str | None
) -> None:
    told = office.told(desk_of(None).log_in(name, password))
    assert facts(told, "event", "subject", "path", "status", "code") == (
        "refused",
        subject,
        "/login/",
        401,
        "unauthenticated",
    )
    assert told["client"] == "127.0.0.1"
    log = office.log.read_text()
    assert "correct horse" not in log
    assert "not the right words" not in log


def test_who_was_dismissed_is_told(office: Any, desk_of: SitDown) -> None:
    office.enrol("retired")
    assert office.run("dismiss", "retired").returncode == 0
    assert office.told(desk_of(None).log_in("retired"))["subject"] == "staff:retired"


def test_who_logs_in_is_not_called_refused(office: Any, desk_of: SitDown) -> None:
    with httpx.Client(base_url=office.url) as http:
        token = http.get("/login/").text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        form = {"csrfmiddlewaretoken": token, "username": "reader", "password": "correct horse battery"}
        let_in = http.post("/login/", data=form)
    assert let_in.status_code == 302
    assert (
        office.told(desk_of(None).log_in("reader", "wrong"))["status"] == 401
    )  # lines are in the order of what they tell
    assert not lines_of(office.log, let_in)


def test_who_may_not_is_told_by_name(office: Any, desk_of: SitDown) -> None:
    reader = desk_of("reader")
    told = office.told(reader.http.get(ADD))
    assert facts(told, "event", "subject", "method", "path", "status", "code") == (
        "refused",
        "staff:reader",
        "GET",
        ADD,
        403,
        "forbidden",
    )


def test_a_form_from_elsewhere_is_told_of_whoever_it_was_put_upon(office: Any, desk_of: SitDown) -> None:
    desk = desk_of("adjuster")
    form = desk.adjustment("external-eur", "bob-eur", "5")
    foreign = {"origin": "https://elsewhere.example"}
    told = office.told(desk.http.post(ADD, data=form, headers=foreign))
    assert facts(told, "subject", "status", "code") == ("staff:adjuster", 403, "forbidden")
    told = office.told(desk_of(None).http.post(ADD, data=form, headers=foreign))
    assert facts(told, "subject", "status") == (None, 403)
