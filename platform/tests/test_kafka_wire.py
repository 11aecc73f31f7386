"""An answer that is none is told, and never taken for a broker that is well."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from trivet_platform.kafka_wire import Cluster, KafkaRefused, KafkaWire

METADATA = 3
EMPTY = struct.pack(">iii", 0, 1, 0)  # no broker, who controls, no topic


def answer_of(content: bytes, correlation: int = METADATA) -> bytes:
    return struct.pack(">ii", 4 + len(content), correlation) + content


def ask(answer: bytes) -> Cluster:
    """Ask a server that answers this and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            with KafkaWire("127.0.0.1", server.getsockname()[1], 5) as wire:
                return wire.cluster()
        finally:
            serving.join()


def test_an_answer_is_read_to_its_end() -> None:
    assert ask(answer_of(EMPTY)) == Cluster([], [])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "it hung up"),
        (b"HTTP/1.1 400 Bad Request\r\n", "no answer of"),
        (answer_of(EMPTY, 4), "it answers request 4, not 3"),
        (answer_of(EMPTY[:-1]), "ends too early"),
        (answer_of(EMPTY)[:-1], "it hung up"),
    ],
)
def test_what_is_no_answer_is_refused(answer: bytes, words: str) -> None:
    with pytest.raises(KafkaRefused, match=words):
        ask(answer)
