"""Staff come over TLS, which a proxy on another host ends: it is believed, and nobody who goes around it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from tls_proxy import TlsProxy

from trivet_platform.supervisor import Supervisor

ADD = "/ledger/adjustment/add/"
CLIENT = "127.0.0.3"
FORWARDED = {"x-forwarded-proto": "https", "x-forwarded-for": "10.9.8.7"}
SPOOFED = [FORWARDED, {"forwarded": "proto=https;for=10.9.8.7"}, {"x-forwarded-ssl": "on"}, {"front-end-https": "on"}]


class Front:
    """The pages with TLS on, and a proxy before them."""

    def __init__(self, office: Any, proxy: TlsProxy) -> None:
        self.office = office
        self.url, self.plain_url = f"https://localhost:{proxy.https}", f"http://localhost:{proxy.http}"
        self._trusted = ssl.create_default_context(cafile=str(proxy.certificate))

    def desk(self, url: str | None = None, **more: Any) -> Any:
        """Return a browser: one that tells where its forms come from, as browsers do."""
        transport = httpx.HTTPTransport(verify=self._trusted, local_address=CLIENT)
        origin = {"origin": self.url}
        return self.office.desk(url or self.url, transport=transport, **{"headers": origin, **more})


@pytest.fixture(scope="module")
def front_of(
    office: Any, supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Front]]:
    """Return what opens the pages to proxies of these addresses, once for each."""
    opened: dict[str, tuple[Front, TlsProxy, Any]] = {}

    def open_to(proxies: str) -> Front:
        if proxies not in opened:
            pages = office.beside()
            pages.open(TRIVET_WALLET_ADMIN_HTTPS="true", TRIVET_WALLET_ADMIN_PROXIES=proxies)
            directory = tmp_path_factory.mktemp("proxy")
            proxy = TlsProxy(f"proxy-{pages.listen}", pages.listen, directory)
            supervisor.start(proxy.program)
            opened[proxies] = Front(pages, proxy), proxy, pages
        return opened[proxies][0]

    yield open_to
    for _, proxy, pages in opened.values():
        supervisor.stop(proxy.program)
        pages.close()


@pytest.fixture
def front(front_of: Callable[[str], Front]) -> Front:
    return front_of("10.0.0.0/8,127.0.0.2/32")


def test_staff_log_in_and_adjust_over_tls(front: Front) -> None:
    desk = front.desk()
    entered = desk.log_in("adjuster")
    assert str(entered.url) == f"{front.url}/"
    assert [answer.status_code for answer in entered.history] == [302]
    cookies = {cookie.partition("=")[0]: cookie for cookie in entered.history[0].headers.get_list("set-cookie")}
    for name, same_site in (("trivet_wallet_staff", "Lax"), ("trivet_wallet_csrf", "Strict")):
        words = cookies[name].split("; ")
        assert {"Secure", "HttpOnly", f"SameSite={same_site}"} <= set(words)
        assert not any(word.startswith("Domain=") for word in words)
    done = desk.adjust(desk.adjustment("external-eur", "bob-eur", "7"))
    assert "the adjustment is done" in done.text
    assert front.office.told(done.history[0])["subject"] == "staff:adjuster"


def test_browsers_are_told_to_come_over_tls_from_then_on(front: Front) -> None:
    assert (
        front.desk().http.get("/login/").headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    )


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://localhost", "https://localhost"])
def test_a_form_from_another_origin_is_refused(front: Front, origin: str) -> None:
    """Another scheme and another port are other origins too."""
    desk = front.desk()
    desk.log_in("adjuster")
    form = desk.adjustment("external-eur", "bob-eur", "5")
    refused = desk.http.post(ADD, data=form, headers={"origin": origin})
    assert refused.status_code == 403
    assert front.office.told(refused)["subject"] == "staff:adjuster"


def test_a_form_that_does_not_say_where_it_comes_from_is_refused(front: Front) -> None:
    desk = front.desk(headers={"referer": f"{front.url}{ADD}"})
    desk.log_in("adjuster")
    form = desk.adjustment("external-eur", "bob-eur", "5")
    for referer in ("", "https://elsewhere.example/", front.plain_url):
        assert desk.http.post(ADD, data=form, headers={"referer": referer}).status_code == 403
    assert desk.adjust(form).status_code == 200, "by its referer alone it is known"


@pytest.mark.parametrize("spoofed", [{}, *SPOOFED])
@pytest.mark.parametrize("path", ["/", "/login/", ADD, "/nowhere/"])
def test_who_comes_without_tls_is_sent_to_it_and_gets_nothing(front: Front, path: str, spoofed: dict[str, str]) -> None:
    desk = front.desk(front.plain_url, follow_redirects=False, headers=spoofed)
    answer = desk.http.get(path)
    assert answer.status_code == 301
    assert answer.headers["location"] == f"{front.plain_url.replace('http:', 'https:')}{path}"
    assert {"set-cookie", "strict-transport-security"}.isdisjoint(answer.headers)


@pytest.mark.parametrize("spoofed", SPOOFED)
def test_who_goes_around_the_proxy_is_not_taken_for_one_who_came_over_tls(
    front: Front, spoofed: dict[str, str]
) -> None:
    for path in ("/login/", "/"):
        answer = front.desk(front.office.url, follow_redirects=False, headers=spoofed).http.get(path)
        assert answer.status_code == 301
        assert answer.headers["location"] == f"{front.office.url.replace('http:', 'https:')}{path}"
        assert "strict-transport-security" not in answer.headers


def test_a_proxy_that_is_not_named_is_not_believed(front_of: Callable[[str], Front]) -> None:
    """Where another stands before the pages than the settings say, nobody is served rather than everybody."""
    unnamed = front_of("127.0.0.1")
    answer = unnamed.desk(follow_redirects=False).http.get("/login/")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{unnamed.url}/login/")


def test_without_tls_no_proxy_is_believed(office: Any) -> None:
    desk = office.desk(office.url, headers=FORWARDED)
    answer = desk.log_in("nobody")
    assert "strict-transport-security" not in answer.headers
    assert office.told(answer)["client"] == "127.0.0.1"
    secure = {"origin": office.url.replace("http:", "https:")}
    assert desk.http.post("/login/", data={}, headers=secure).status_code == 403


def test_who_was_refused_is_named_by_the_address_that_the_proxy_saw(front: Front) -> None:
    assert front.office.told(front.desk(headers={"origin": front.url} | FORWARDED).log_in("nobody"))["client"] == CLIENT


def test_nobody_is_sent_to_another_host(front: Front) -> None:
    elsewhere = {
        "x-forwarded-host": "elsewhere.example",
        "x-forwarded-port": "1",
        "x-original-host": "elsewhere.example",
    }
    for url in (front.url, front.plain_url, front.office.url):
        answer = front.desk(url, follow_redirects=False, headers=elsewhere).http.get("/")
        assert answer.status_code in {301, 302}
        assert "elsewhere" not in answer.headers["location"]
    assert front.desk().http.get("/login/", headers={"host": "elsewhere.example"}).status_code == 400
