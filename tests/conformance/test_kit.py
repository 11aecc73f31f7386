"""The suite itself: a key is sent exactly where the operation demands one and the test says nothing of keys."""

from __future__ import annotations

import socket
import threading

import pytest
from conformance.promises import Document
from conformance.service import Api
from conformance.subject import Operation, Subject

SUBJECT = Subject(
    member="bank/purse",
    openapi=[],
    body_bytes_max=1,
    environments={},
    setup={},
    operation=[
        Operation(name="open", method="POST", path="/purses", status=201, key="optional"),
        Operation(name="pay", method="POST", path="/purses/{purse}/pay", status=200, key="required"),
        Operation(name="many", method="POST", path="/purses/many/pay", status=200),
        Operation(name="find", method="GET", path="/purses?owner={owner}", status=200),
    ],
)


@pytest.mark.parametrize(
    ("method", "path", "demands"),
    [
        ("POST", "/purses/a-1/pay", True),
        ("POST", "/purses/a-1/pay?later=1", True),
        ("POST", "/purses/many/pay", False),
        ("POST", "/purses/a/b/pay", False),
        ("POST", "/purses", False),
        ("GET", "/purses/a-1/pay", False),
        ("GET", "/purses?owner=a", False),
        ("GET", "/nothing", False),
    ],
)
def test_a_key_is_demanded_by_the_operation_that_serves_the_path(method: str, path: str, demands: bool) -> None:  # noqa: FBT001  - a column of the table
    assert SUBJECT.demands_key(method, path) is demands


def sent(path: str, **how: str | bytes | None) -> list[bytes]:
    """Return the keys that a request went with."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        api = Api(f"127.0.0.1:{server.getsockname()[1]}", Document({"paths": {}}), SUBJECT, "token")
        received: list[bytes] = []

        def receive() -> None:
            connection, _ = server.accept()
            with connection:
                received.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nx-trivet-node: %b\r\n\r\n" % api.listen.encode())

        receiving = threading.Thread(target=receive)
        receiving.start()
        api.call("POST", path, {"amount": 1}, **how)
        receiving.join()
    (request,) = received
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.removeprefix(b"idempotency-key: ") for line in lines if line.startswith(b"idempotency-key: ")]


def test_a_demanded_key_is_sent_and_is_another_each_time() -> None:
    (first,), (second,) = sent("/purses/a/pay"), sent("/purses/a/pay")
    assert first
    assert second not in {first, b""}


def test_no_key_is_sent_where_none_is_demanded_or_the_test_wants_none() -> None:
    assert sent("/purses") == sent("/purses/many/pay") == sent("/purses/a/pay", key=None) == []


def test_the_key_of_the_test_is_sent_wherever_it_says() -> None:
    assert sent("/purses", key="k") == sent("/purses/a/pay", key=b"k") == [b"k"]
