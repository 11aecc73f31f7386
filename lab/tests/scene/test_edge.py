import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from trivet_lab.scene import EdgeError, Told, ask, request_json


class Handler(http.server.BaseHTTPRequestHandler):
    """Tells what it was sent; `/refuse` refuses, `/garbage` answers what is no JSON, `/cut` says nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self._answer(200, json.dumps({"key": self.headers["idempotency-key"], "body": json.loads(body)}).encode())

    def do_GET(self) -> None:
        if self.path == "/cut":
            self.close_connection = True
            return
        self._answer(*{"/refuse": (409, b'{"code": "out-of-stock"}'), "/garbage": (200, b"<html>")}[self.path])

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-trivet-node", "one")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  - the base class named it
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_body_and_key_go_out_and_the_answer_comes_back(url: str) -> None:
    assert request_json("POST", f"{url}/items", {"id": "a"}, key="k") == {"key": "k", "body": {"id": "a"}}


def test_a_proxy_of_the_shell_is_not_asked_for_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert request_json("POST", f"{url}/items", {}, key="k")["key"] == "k"


@pytest.mark.parametrize(("path", "status"), [("/refuse", 409), ("/garbage", 0), ("/cut", 0)])
def test_whatever_is_no_answer_is_one_kind_of_error(url: str, path: str, status: int) -> None:
    with pytest.raises(EdgeError) as told:
        request_json("GET", f"{url}{path}")
    assert told.value.status == status


@pytest.mark.parametrize("elsewhere", ["http://localhost.example/items", "file:///etc/passwd", "http://10.0.0.1/"])
def test_nothing_leaves_this_machine(elsewhere: str) -> None:
    with pytest.raises(EdgeError, match="not on loopback"):
        request_json("GET", elsewhere)


@pytest.mark.parametrize(
    ("path", "told"),
    [("/refuse", Told(409, {"code": "out-of-stock"}, "one")), ("/garbage", Told(200, None, "one"))],
)
def test_whatever_is_answered_is_told_as_it_is(url: str, path: str, told: Told) -> None:
    assert ask("GET", f"{url}{path}") == told
    assert ask("POST", f"{url}/items", {"id": "a"}).body == {"key": None, "body": {"id": "a"}}


@pytest.mark.parametrize("address", ["/cut", None])
def test_who_asks_and_is_told_nothing_is_told_so(url: str, address: str | None) -> None:
    with pytest.raises(EdgeError):
        ask("GET", f"{url}{address}" if address else "http://127.0.0.1:9/")
