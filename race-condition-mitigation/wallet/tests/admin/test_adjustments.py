"""The one thing that staff write: done once, by those who may, within what is there, and remembered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from trivet_wallet.audit import audit

SitDown = Callable[[str | None], Any]


def balance(office: Any, account_id: str) -> int:
    query = """SELECT row_minor + coalesce((SELECT sum(amount_minor) FROM pending WHERE account_id = accounts.id), 0)
               FROM accounts WHERE id = %s"""
    with psycopg.connect(office.database_url) as connection:
        [[found]] = connection.execute(query, [account_id]).fetchall()
    return int(found)


def adjustments(office: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(office.database_url) as connection:
        return connection.execute(
            """SELECT subject, account_id, counter_account_id, amount_minor, reason, status, code, body
               FROM operations WHERE kind = 'adjustment' ORDER BY at"""
        ).fetchall()


@pytest.fixture(autouse=True)
def books_stay_right(office: Any) -> Any:
    yield
    with psycopg.connect(office.database_url) as connection:
        audited = audit(connection)
    assert audited.proven, audited.lines()


def test_money_is_moved_and_it_is_remembered_who_and_why(office: Any, desk_of: SitDown) -> None:
    desk = desk_of("adjuster")
    before = balance(office, "bob-eur"), balance(office, "external-eur")
    answer = desk.adjust(desk.adjustment("bob-eur", "external-eur", "125", "ticket 17: undercharged"))
    assert answer.status_code == 200
    assert re.fullmatch(r"/ledger/adjustment/[\w-]{36}/change/", answer.url.path)
    assert "the adjustment is done" in answer.text
    assert (balance(office, "bob-eur"), balance(office, "external-eur")) == (before[0] - 125, before[1] + 125)
    *facts, body = adjustments(office)[-1]
    assert facts == ["staff:adjuster", "bob-eur", "external-eur", 125, "ticket 17: undercharged", 201, None]
    assert json.loads(body)["reason"] == "ticket 17: undercharged"
    assert "ticket 17: undercharged" in desk.page(answer.url.path.replace("change", "history"))
    assert "staff:adjuster" in desk.page("/ledger/adjustment/")


def test_the_same_form_is_done_once(office: Any, desk_of: SitDown) -> None:
    desk = desk_of("adjuster")
    form = desk.adjustment("external-eur", "bob-eur", "33")
    before, made = balance(office, "bob-eur"), len(adjustments(office))
    first, second = desk.adjust(form), desk.adjust(form)
    assert first.url == second.url
    assert "was done before, and not again" in second.text
    assert balance(office, "bob-eur") == before + 33
    assert len(adjustments(office)) == made + 1
    assert desk.page(first.url.path.replace("change", "history")).count("ticket 17: paid twice") == 1
    other = desk.adjust(form | {"amount_minor": "34"})
    assert other.status_code == 409
    assert "sent before with other values" in other.text
    assert balance(office, "bob-eur") == before + 33


def test_a_double_click_is_done_once(office: Any, desk_of: SitDown) -> None:
    desk = desk_of("adjuster")
    form = desk.adjustment("external-eur", "bob-eur", "44")
    before = balance(office, "bob-eur")
    with ThreadPoolExecutor(6) as clicks:
        answers = list(clicks.map(lambda _: desk.adjust(form), range(6)))
    assert balance(office, "bob-eur") == before + 44
    done = {answer.url.path for answer in answers if answer.status_code == 200}
    assert len(done) == 1
    for answer in answers:
        if answer.status_code != 200:  # it came while the first was under way, and says how to learn what happened
            assert "Send the same form again" in answer.text
            assert form["key"] in answer.text


def test_an_overdraft_is_refused(office: Any, desk_of: SitDown) -> None:
    desk = desk_of("adjuster")
    before = balance(office, "dora-usd")
    form = desk.adjustment("dora-usd", "external-usd", str(before + 1))
    refused = desk.adjust(form)
    assert refused.status_code == 409
    assert f"account dora-usd has less than {before + 1} available" in refused.text
    assert balance(office, "dora-usd") == before
    assert adjustments(office)[-1][-3:-1] == (402, "insufficient-funds")
    assert form["key"] not in refused.text, "its key has its answer: what is sent now is another adjustment"
    assert str(before + 1) in refused.text, "what was typed is still there"
    again = desk.adjust(form)
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"credit_account_id": "nobody-eur"}, "there is no account nobody-eur"),
        ({"credit_account_id": "alice-eur"}, "debit and credit are both alice-eur"),
        ({"credit_account_id": "dora-usd"}, "alice-eur is in EUR, dora-usd in USD"),
        ({"amount_minor": "0"}, "greater than or equal to 1"),
        ({"amount_minor": "1.5"}, "Enter a whole number"),
        ({"amount_minor": "1000000000001"}, "less than or equal to 1000000000000"),
        ({"reason": ""}, "This field is required"),
        ({"reason": "          "}, "This field is required"),
        ({"reason": "because"}, "at least 10 characters"),
        ({"debit_account_id": "Alice"}, "Enter a valid value"),
        ({"key": "mine"}, "Enter a valid UUID"),
    ],
)
def test_what_cannot_be_done_is_said(office: Any, desk_of: SitDown, changes: dict[str, str], sentence: str) -> None:
    desk = desk_of("adjuster")
    made = len(adjustments(office))
    answer = desk.adjust(desk.adjustment("alice-eur", "bob-eur", "5") | changes)
    assert answer.status_code in {400, 409}
    assert sentence in answer.text
    assert len(adjustments(office)) == made


def test_only_who_may_adjusts(office: Any, desk_of: SitDown) -> None:
    form = desk_of("adjuster").adjustment("external-eur", "bob-eur", "5")
    made = len(adjustments(office))
    reader = desk_of("reader")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', reader.page("/"))
    assert token is not None
    assert reader.adjust(form | {"csrfmiddlewaretoken": token[1]}).status_code == 403
    stranger = desk_of(None)
    stranger.page("/login/")
    answer = stranger.adjust(form | {"csrfmiddlewaretoken": stranger.http.cookies["trivet_wallet_csrf"]})
    assert answer.url.path == "/login/"
    assert len(adjustments(office)) == made


def test_a_form_from_elsewhere_is_refused(office: Any, desk_of: SitDown) -> None:
    desk = desk_of("adjuster")
    form = desk.adjustment("external-eur", "bob-eur", "5")
    made = len(adjustments(office))
    assert desk.adjust({**form, "csrfmiddlewaretoken": ""}).status_code == 403
    foreign = {"origin": "https://elsewhere.example"}
    assert desk.http.post("/ledger/adjustment/add/", data=form, headers=foreign).status_code == 403
    desk.http.cookies.delete("trivet_wallet_csrf")
    assert desk.adjust(form).status_code == 403
    assert len(adjustments(office)) == made
