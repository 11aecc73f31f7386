"""What staff see: everything, exactly, and nothing to change it with."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

SitDown = Callable[[str | None], Any]
TABLES = ("account", "transaction", "posting", "operation", "charge", "adjustment")


def first_key(page: str, table: str) -> str:
    found = re.search(rf'href="/ledger/{table}/([^/"?]+)/change/', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("path", ["/", *(f"/ledger/{table}/" for table in TABLES), "/docs/", "/docs/openapi.json"])
def test_a_stranger_sees_nothing(desk_of: SitDown, path: str) -> None:
    answer = desk_of(None).http.get(path)
    assert answer.url.path == "/login/"
    assert "alice" not in answer.text


def test_one_who_is_no_staff_is_not_let_in(office: Any, desk_of: SitDown) -> None:
    office.enrol("leaver")
    desk = desk_of("leaver")
    assert "alice-eur" in desk.page("/ledger/account/")
    assert office.run("dismiss", "leaver").returncode == 0
    answer = desk.http.get("/ledger/account/")
    assert answer.url.path == "/login/"
    assert "alice-eur" not in answer.text
    assert desk_of(None).log_in("leaver").url.path == "/login/"
    assert office.run("dismiss", "nobody").returncode == 1


@pytest.mark.parametrize("table", TABLES)
def test_staff_read_every_table_and_write_none(office: Any, desk_of: SitDown, table: str) -> None:
    desk = desk_of("reader")
    page = desk.page(f"/ledger/{table}/")
    assert "addlink" not in page
    assert 'name="action"' not in page
    assert desk.http.get(f"/ledger/{table}/add/").status_code == 403
    if table == "adjustment":
        return
    key = first_key(page, table)
    shown = desk.page(f"/ledger/{table}/{key}/change/")
    assert 'type="submit"' not in shown.partition('id="content"')[2]
    token = {"csrfmiddlewaretoken": desk.http.cookies["trivet_wallet_csrf"]}
    before = snapshot(office)
    assert desk.http.post(f"/ledger/{table}/{key}/change/", data=token).status_code == 403
    assert desk.http.post(f"/ledger/{table}/{key}/delete/", data=token | {"post": "yes"}).status_code == 403
    assert snapshot(office) == before


def snapshot(office: Any) -> list[tuple[Any, ...]]:
    tables = ("accounts", "transactions", "postings", "pending", "operations", "charges")
    with psycopg.connect(office.database_url) as connection:
        return [tuple(connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()) for table in tables]  # noqa: S608  - names from above


def test_the_balance_is_row_and_pending_together(desk_of: SitDown) -> None:
    desk = desk_of("reader")
    shop = desk.page("/ledger/account/shop-eur/change/")
    told = dict(re.findall(r'field-(\w+)".*?<div class="readonly">(.*?)</div>', shop, re.DOTALL))
    assert (told["balance"], told["in_row"], told["in_pending"]) == ("1,960", "1,850", "110")
    alice = desk.page("/ledger/account/alice-eur/change/")
    told = dict(re.findall(r'field-(\w+)".*?<div class="readonly">(.*?)</div>', alice, re.DOTALL))
    assert (told["balance"], told["held"], told["available"]) == ("7,350", "300", "7,050")
    listed = desk.page("/ledger/account/")
    assert '<td class="field-balance">1,960</td>' in listed
    assert '<td class="field-available">7,050</td>' in listed


def test_a_transaction_shows_its_postings(desk_of: SitDown) -> None:
    desk = desk_of("reader")
    operations = desk.page("/ledger/operation/?q=transfer-1")
    transfer = desk.page(f"/ledger/operation/{first_key(operations, 'operation')}/change/")
    page = desk.page(f"/ledger/transaction/{first_key(transfer, 'transaction')}/change/")
    assert "\N{MINUS SIGN}1,500" in page
    assert ">1,500<" in page
    assert "alice-eur" in page
    assert "bob-eur" in page


@pytest.mark.parametrize(
    ("path", "there", "not_there"),
    [
        ("/ledger/account/?q=ali", "alice-eur", "bob-eur"),
        ("/ledger/account/?q=dora", "dora-usd", "alice-eur"),
        ("/ledger/account/?kind__exact=merchant", "shop-eur", "alice-eur"),
        ("/ledger/account/?currency=USD", "dora-usd", "alice-eur"),
        ("/ledger/operation/?q=order-2", "order-2:capture", "order-1"),
        ("/ledger/charge/?q=order-2", "order-2", "order-1"),
        ("/ledger/charge/?state__exact=voided", "order-6", "order-1"),
        ("/ledger/posting/?q=dora-usd", "dora-usd", "alice-eur"),
        ("/ledger/posting/?account__id__exact=dora-usd", "dora-usd", "alice-eur"),
        ("/ledger/posting/?q=nobody", "0 postings", "alice-eur"),
        ("/ledger/transaction/?q=no-id", "0 transactions", "transfer-1"),
    ],
)
def test_rows_are_found(desk_of: SitDown, path: str, there: str, not_there: str) -> None:
    rows = desk_of("reader").page(path).partition('id="changelist-form"')[2]
    assert there in rows
    assert not_there not in rows


def test_a_transaction_is_found_by_its_id(desk_of: SitDown) -> None:
    desk = desk_of("reader")
    key = first_key(desk.page("/ledger/transaction/"), "transaction")
    assert "1 transaction" in desk.page(f"/ledger/transaction/?q={key}")
    assert "2 postings" in desk.page(f"/ledger/posting/?q={key}")


def test_the_document_is_there_to_be_read(desk_of: SitDown) -> None:
    desk = desk_of("reader")
    assert desk.http.get("/docs/openapi.json").json()["info"]["title"] == "Trivet Wallet"
    page = desk.page("/docs/")
    for address in re.findall(r'(?:href|src)="([^"]+)"', page):
        assert address.startswith("/")
        assert desk.http.get(address).status_code == 200
    assert desk.http.post("/deposits", json={}).status_code in {403, 404}, "the API is not served here"


def test_no_list_asks_for_each_of_its_rows(office: Any) -> None:
    """As many statements for three rows as for all of them."""
    script = Path(__file__).with_name("count_statements.py")
    counted = subprocess.run(
        [sys.executable, script, *TABLES],
        env={
            "TRIVET_WALLET_DATABASE_URL": office.database_url,
            "TRIVET_WALLET_ADMIN_SECRET_KEY": "x" * 20 + "secret" * 9,
        },
        text=True,
        capture_output=True,
        check=False,
    )
    assert counted.returncode == 0, counted.stderr
    lines = [line.split() for line in counted.stdout.splitlines()]
    assert [table for table, *_ in lines] == list(TABLES)
    for table, rows, few, all_ in lines:
        assert table == "adjustment" or int(rows) >= 6
        assert few == all_, table
        assert int(all_) <= 8, table
