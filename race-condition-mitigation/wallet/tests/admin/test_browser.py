"""The staff's pages as people meet them: in Chromium, in both colour schemes, with no complaint on the console."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = pytest.mark.browser
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
FITS = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def staff(browser: Browser, office: Any) -> Iterator[Callable[..., Page]]:
    """Return what logs somebody in; in the end nothing may have complained or come from elsewhere."""
    contexts = []
    complaints: list[str] = []

    def log_in(name: str, scheme: Any = "light") -> Page:
        context = browser.new_context(base_url=office.url, viewport={"width": 1400, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith((office.url, "data:", "blob:")) or complaints.append(request.url),
        )
        page.goto("/")
        page.fill("[name=username]", name)
        page.fill("[name=password]", "correct horse battery")
        page.click("[type=submit]")
        page.wait_for_selector("#content-main .module")
        return page

    yield log_in
    for context in contexts:
        context.close()
    # That a refusal is one is told to the console by Chromium itself.
    assert [said for said in complaints if "409 (Conflict)" not in said] == []


def picture(page: Page, tmp_path: Path, name: str) -> None:
    """Keep what was seen, for whoever wants to look."""
    page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
    assert page.evaluate(FITS), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_books_are_read(staff: Callable[..., Page], tmp_path: Path, scheme: str) -> None:
    page = staff("reader", scheme)
    picture(page, tmp_path, f"admin-index-{scheme}")
    page.click("#content-main >> text=Accounts")
    assert "shop-eur" in page.inner_text("#result_list")
    picture(page, tmp_path, f"admin-accounts-{scheme}")
    page.click("#result_list >> text=alice-eur")
    assert "7,350" in page.inner_text(".field-balance")
    picture(page, tmp_path, f"admin-account-{scheme}")
    page.click("text=What was posted to it")
    picture(page, tmp_path, f"admin-postings-{scheme}")
    page.click("#result_list .field-transaction_link a >> nth=0")
    assert "alice-eur" in page.inner_text("#postings-group")
    picture(page, tmp_path, f"admin-transaction-{scheme}")
    page.goto("/ledger/operation/")
    picture(page, tmp_path, f"admin-operations-{scheme}")
    page.click("#result_list tbody th a >> nth=3")
    picture(page, tmp_path, f"admin-operation-{scheme}")
    page.goto("/ledger/charge/")
    picture(page, tmp_path, f"admin-charges-{scheme}")


def test_an_adjustment_is_made_and_undone(staff: Callable[..., Page], tmp_path: Path) -> None:
    page = staff("adjuster")
    picture(page, tmp_path, "admin-index-adjuster")

    def fill(debit: str, credit: str, amount: str) -> None:
        page.goto("/ledger/adjustment/add/")
        page.fill("[name=debit_account_id]", debit)
        page.fill("[name=credit_account_id]", credit)
        page.fill("[name=amount_minor]", amount)
        page.fill("[name=reason]", "ticket 23: the till was out by 11")

    fill("external-eur", "bob-eur", "11")
    picture(page, tmp_path, "admin-adjust")
    page.click("text=Adjust >> nth=-1")
    assert "the adjustment is done" in page.inner_text(".messagelist")
    picture(page, tmp_path, "admin-adjusted")
    fill("bob-eur", "external-eur", "1000000000")
    page.click("input[type=submit]")
    assert "has less than 1000000000 available" in page.inner_text(".errornote")
    picture(page, tmp_path, "admin-refused")
    page.fill("[name=amount_minor]", "11")
    page.click("input[type=submit]")
    assert "the adjustment is done" in page.inner_text(".messagelist")
    page.goto("/ledger/adjustment/")
    assert re.search(r"staff:adjuster\s+bob-eur\s+external-eur\s+11\s+done", page.inner_text("#result_list"))
    picture(page, tmp_path, "admin-adjustments")


def test_the_api_is_read_offline(staff: Callable[..., Page], tmp_path: Path) -> None:
    page = staff("reader")
    page.click("text=API")
    page.wait_for_selector("#api .opblock")
    assert page.locator(".opblock").count() == 12
    picture(page, tmp_path, "admin-docs")
    page.click("#operations-charges-charge")
    page.wait_for_selector(".opblock-body")
    assert page.locator("text=Try it out").count() == 0
    picture(page, tmp_path, "admin-docs-charge")
