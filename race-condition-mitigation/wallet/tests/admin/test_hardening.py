"""What the pages are hardened with, what is refused at start, and who is made staff."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

ELSEWHERE = "192.0.2.1:8001"  # no machine has it (RFC 5737): what is not refused for it cannot serve there
SECRET = "another-secret-of-the-tests-with-more-than-fifty-characters-0123456789"
SitDown = Callable[[str | None], Any]
HEADERS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def test_every_page_is_sent_with_what_browsers_are_to_refuse(desk_of: SitDown) -> None:
    for path in ("/", "/login/", "/docs/", "/ledger/account/"):
        answer = desk_of("reader").http.get(path)
        assert HEADERS.items() <= dict(answer.headers).items()
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "script-src 'self';" in answer.headers["content-security-policy"]


def test_cookies_are_kept_from_scripts_and_from_other_sites(office: Any) -> None:
    with httpx.Client(base_url=office.url) as http:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', http.get("/login/").text)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "username": "reader", "password": "correct horse battery"}
        cookies = http.post("/login/", data=form).headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("trivet_wallet_staff="))
    csrf = next(cookie for cookie in cookies if cookie.startswith("trivet_wallet_csrf="))
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Max-Age" not in session, "it ends with the browser"
    assert "HttpOnly" in csrf
    assert "SameSite=Strict" in csrf


def test_another_host_is_refused(office: Any) -> None:
    assert httpx.get(office.url, headers={"host": "elsewhere.example"}).status_code == 400


def test_it_tells_of_itself_like_every_process(office: Any) -> None:
    assert httpx.get(f"{office.url}/livez").json() == {"live": True}
    assert httpx.get(f"{office.url}/readyz").json()["ready"]
    assert 'route="/login/"' in httpx.get(f"{office.url}/metrics").text


@pytest.mark.parametrize("https", ["true", "false"])
def test_django_finds_no_fault_with_the_deployment(office: Any, https: str) -> None:
    """``manage.py check --deploy``, with TLS and without."""
    script = """
from trivet_wallet import bootstrap
from trivet_wallet.entrypoints.staff import configuration
from trivet_wallet.settings import settings_from_environment
from django.core.management import call_command
settings = settings_from_environment()
bootstrap.build(settings, **configuration.pages(settings))
configuration.ensure_deployable()
call_command("check", deploy=True, fail_level="WARNING")
call_command("makemigrations", check=True, dry_run=True)
from django.conf import settings as django
assert django.SESSION_COOKIE_SECURE is django.CSRF_COOKIE_SECURE is django.SECURE_SSL_REDIRECT is settings.admin_https
assert not django.DEBUG
"""
    environment = {
        "TRIVET_WALLET_DATABASE_URL": office.database_url,
        "TRIVET_WALLET_ADMIN_SECRET_KEY": SECRET,
        "TRIVET_WALLET_ADMIN_HTTPS": https,
    }
    done = subprocess.run([sys.executable, "-c", script], env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "TRIVET_WALLET_ADMIN_SECRET_KEY must have 50"),
        ({"TRIVET_WALLET_ADMIN_SECRET_KEY": "short"}, "TRIVET_WALLET_ADMIN_SECRET_KEY must have 50"),
        ({"TRIVET_WALLET_ADMIN_SECRET_KEY": "a" * 60}, "security.W009"),
        (
            {"TRIVET_WALLET_ADMIN_SECRET_KEY": SECRET, "TRIVET_WALLET_ADMIN_LISTEN": ELSEWHERE},
            f"TRIVET_WALLET_ADMIN_LISTEN {ELSEWHERE} leaves this machine",
        ),
        ({"TRIVET_WALLET_ADMIN_SECRET_KEY": SECRET, "TRIVET_WALLET_ADMIN_LISTEN": "here"}, "must be host:port"),
        (
            {
                "TRIVET_WALLET_ADMIN_SECRET_KEY": SECRET,
                "TRIVET_WALLET_ADMIN_LISTEN": ELSEWHERE,
                "TRIVET_WALLET_ADMIN_HTTPS": "true",
            },
            "TRIVET_WALLET_ADMIN_PROXIES must name the addresses or networks of the proxy",
        ),
        *(
            (
                {"TRIVET_WALLET_ADMIN_SECRET_KEY": SECRET, "TRIVET_WALLET_ADMIN_PROXIES": proxies},
                f"TRIVET_WALLET_ADMIN_PROXIES {proxies.rpartition(',')[2]} is no address or network of a proxy",
            )
            for proxies in ("*", "envoy.example", "10.0.0.1/8", "10.0.0.1,0.0.0.0/0", "::/0")
        ),
    ],
)
def test_it_does_not_start_without_what_protects_it(office: Any, environment: dict[str, str], sentence: str) -> None:
    refused = office.run("admin", **environment)
    assert refused.returncode == 2
    assert sentence in refused.stderr


def test_it_does_not_start_on_a_database_that_lacks_migrations(office: Any, database: str) -> None:
    environment = {"TRIVET_WALLET_DATABASE_URL": database, "TRIVET_WALLET_ADMIN_SECRET_KEY": SECRET}
    empty = office.run("admin", **environment)
    assert empty.returncode == 2
    assert "no books yet: run trivet-wallet migrate" in empty.stderr
    assert office.run("migrate", **environment).returncode == 0
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    older = office.run("admin", **environment)
    assert older.returncode == 2
    assert "lacks migrations: run trivet-wallet migrate" in older.stderr


def test_a_password_is_made_up_and_printed_once(office: Any, desk_of: SitDown) -> None:
    first, second = office.run("staff", "carol"), office.run("staff", "carol")
    assert first.returncode == second.returncode == 0
    assert first.stdout != second.stdout
    assert desk_of(None).log_in("carol", first.stdout.strip()).url.path == "/login/"
    assert desk_of(None).log_in("carol", second.stdout.strip()).url.path == "/"
    with psycopg.connect(office.database_url) as connection:
        [[stored]] = connection.execute("SELECT password FROM auth_user WHERE username = 'carol'").fetchall()
    assert second.stdout.strip() not in stored


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("dave", "short", "too short"),
        ("dave", "password1234", "too common"),
        ("da ve", "correct horse battery", "da ve:"),
    ],
)
def test_a_weak_password_and_a_name_that_is_none_are_refused(
    office: Any, name: str, password: str, sentence: str
) -> None:
    refused = office.run("staff", name, "--password-stdin", stdin=f"{password}\n")
    assert refused.returncode == 2
    assert sentence in refused.stderr
    assert office.run("dismiss", name).returncode == 1
