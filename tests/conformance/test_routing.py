"""Methods, paths and headers that nobody asked for."""

from __future__ import annotations

import pytest
from conformance.promises import assert_problem
from conformance.service import JSON, Api, Scene
from conformance.subject import Operation
from conformance.wire import compose, exchange

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_another_method_is_refused_with_the_methods_there_are(operation: Operation, scene: Scene) -> None:
    path, document = scene.fill(operation.path), scene.api.document
    served = {method for method in METHODS if document.find(method, path)}
    assert operation.method in served
    for method in sorted(METHODS - served):
        answer = scene.api.call(method, path)
        assert_problem(answer, "method-not-allowed")
        allowed = {word.strip() for word in answer.headers["allow"].split(",")}
        assert allowed - {"HEAD", "OPTIONS"} == served


def test_options_names_the_methods_or_is_refused_with_them(operation: Operation, scene: Scene) -> None:
    answer = scene.api.call("OPTIONS", scene.fill(operation.path))
    assert answer.status in {200, 204, 405}
    assert operation.method in answer.headers["allow"]


def test_head_is_get_without_a_body_or_refused(operation: Operation, scene: Scene) -> None:
    path = scene.fill(operation.path)
    answer = scene.api.call("HEAD", path)
    assert answer.body == b""
    if operation.method == "GET":
        assert answer.status in {200, 405}
    else:
        assert answer.status in {200, 405} if scene.api.document.find("GET", path) else answer.status == 405
    if answer.status == 405:
        assert operation.method in answer.headers["allow"]


@pytest.mark.parametrize(
    "path",
    ["/", "/nothing", "/%00", "/%ff", "/%2e%2e/etc/passwd", "/../../etc/passwd", "//", "/a b", "/" + "x" * 5000, "/é"],
)
def test_an_unknown_path_is_refused(path: str, api: Api) -> None:
    answer = exchange(api.address, compose("GET", path.replace(" ", "%20"), [api.bearer]), "GET")
    assert answer.status in {400, 404}
    if answer.headers.get("x-trivet-node"):  # else the HTTP parser refused it before there was a request
        assert_problem(answer, "not-found" if answer.status == 404 else None)


def test_a_path_is_served_under_one_spelling(operation: Operation, scene: Scene) -> None:
    """A redirect of a POST loses its body in some clients, and an edge routes by prefix alone."""
    path = scene.fill(operation.path).partition("?")[0]
    for spelling in (path + "/", "/" + path, path.upper()):
        answer = scene.api.call(operation.method, spelling, scene.fill(operation.body))
        assert answer.status in {400, 404}, (spelling, answer)


@pytest.mark.parametrize("bytes_more", [8_000, 64_000])
def test_a_huge_header_does_no_harm(bytes_more: int, api: Api) -> None:
    answer = exchange(api.address, compose("GET", "/livez", [("x-planted", "x" * bytes_more)]), "GET")
    assert answer.status in {200, 400, 431}
    assert api.call("GET", "/livez").status == 200


@pytest.mark.parametrize(
    "request_line",
    [b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n"],
)
def test_what_is_not_http_does_no_harm(request_line: bytes, api: Api) -> None:
    assert exchange(api.address, request_line).status in {400, 405, 505}
    assert api.call("GET", "/livez").status == 200


def test_two_lengths_are_refused(operation: Operation, scene: Scene) -> None:
    """Two readers that believe different lengths see different requests (request smuggling, RFC 9112 §6.3)."""
    path = scene.fill(operation.path)
    headers = [JSON, ("content-length", "2"), ("content-length", "3"), *scene.api.own_headers(operation.method, path)]
    answer = exchange(scene.api.address, compose(operation.method, path, headers, b"{} "), operation.method)
    assert answer.status == 400
