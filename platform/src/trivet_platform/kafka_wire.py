"""The few requests of Kafka's protocol that an owner of a broker needs, in the oldest form that Kafka 4 answers.

A client library would bring an event loop and its own retries, and a probe must do neither. Integers are big-endian; a
string has its length before it in two bytes, a list its count in four (*Kafka protocol guide*, kafka.apache.org).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self, TypeVar

from trivet_platform.errors import PlatformError

NONE = 0
_CLIENT = b"trivet-platform"
_ANSWER_BYTES_MAX = 64 << 20
_METADATA, _LEAVE, _DESCRIBE_GROUPS, _LIST_GROUPS, _CREATE, _DELETE, _DELETE_GROUPS = 3, 13, 15, 16, 19, 20, 42
Item = TypeVar("Item")


class KafkaRefused(PlatformError):
    """A broker did not answer, or answered with an error; the sentence has its number."""


class Cluster(NamedTuple):
    """What a Metadata answer shows: the addresses of all brokers, and every topic that is somebody's own."""

    brokers: list[tuple[str, int]]
    topics: list[str]


class _Answer:
    """Reads an answer from its beginning to its end."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def bytes_of(self, count: int) -> bytes:
        found = self._content[self._at : self._at + count]
        if len(found) != count:
            raise KafkaRefused("its answer ends too early")
        self._at += count
        return found

    def number(self, shape: str) -> int:
        return int(struct.unpack(f">{shape}", self.bytes_of(struct.calcsize(f">{shape}")))[0])

    def text(self) -> str:
        """Read a string; one that is null is empty."""
        return self.bytes_of(max(0, self.number("h"))).decode()

    def blob(self) -> bytes:
        return self.bytes_of(max(0, self.number("i")))

    def many(self, read: Callable[[], Item]) -> list[Item]:
        return [read() for _ in range(max(0, self.number("i")))]


def _text(value: str) -> bytes:
    return struct.pack(">h", len(value.encode())) + value.encode()


def _many(values: Iterable[bytes]) -> bytes:
    found = list(values)
    return struct.pack(">i", len(found)) + b"".join(found)


class KafkaWire:
    """One connection to one broker, from ``with`` to its end; every call is one request and its answer."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        """Connect.

        Raises:
            KafkaRefused: nobody is there.
        """
        try:
            self._socket = socket.create_connection((host, port), timeout=timeout_s)
        except OSError as error:
            raise KafkaRefused(f"it cannot be connected to: {error}") from error

    def __enter__(self) -> Self:
        """Ask."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._socket.close()

    def cluster(self) -> Cluster:
        """Return its brokers and topics."""
        answer = self._ask(_METADATA, 1, struct.pack(">i", -1))

        def broker() -> tuple[str, int]:
            answer.number("i")
            host, port = answer.text(), answer.number("i")
            answer.text()  # its rack
            return host, port

        def partition() -> None:
            answer.bytes_of(2 + 4 + 4)  # its error, its number, its leader
            for _ in ("replicas", "in sync"):
                answer.many(lambda: answer.number("i"))

        def topic() -> str | None:
            answer.number("h")
            name, internal = answer.text(), answer.number("b")
            answer.many(partition)
            return None if internal else name

        brokers = answer.many(broker)
        answer.number("i")  # who controls
        return Cluster(brokers, [name for name in answer.many(topic) if name is not None])

    def create_topic(self, name: str, partitions: int, timeout_ms: int) -> int:
        """Make a topic with one replica and return the error's number."""
        wanted = _text(name) + struct.pack(">ih", partitions, 1) + _many([]) + _many([])
        answer = self._ask(_CREATE, 2, _many([wanted]) + struct.pack(">ib", timeout_ms, 0))
        answer.number("i")  # how long it throttled

        def one() -> int:
            answer.text()
            error = answer.number("h")
            answer.text()  # the error in words
            return error

        return max(answer.many(one))

    def delete_topics(self, names: Iterable[str], timeout_ms: int) -> dict[str, int]:
        """Ask for the end of these topics and return each one's error number."""
        answer = self._ask(_DELETE, 1, _many(_text(name) for name in names) + struct.pack(">i", timeout_ms))
        answer.number("i")
        return dict(answer.many(lambda: (answer.text(), answer.number("h"))))

    def groups(self) -> list[str]:
        """Return every group that it knows.

        Raises:
            KafkaRefused: it is still reading which there are.
        """
        answer = self._ask(_LIST_GROUPS, 0, b"")
        if (error := answer.number("h")) != NONE:
            raise KafkaRefused(f"it does not tell its groups: error {error}")
        return [name for name, _ in answer.many(lambda: (answer.text(), answer.text()))]

    def members(self, group: str) -> list[str]:
        """Return the ids of a group's members."""
        answer = self._ask(_DESCRIBE_GROUPS, 0, _many([_text(group)]))

        def member() -> str:
            name = answer.text()
            for _ in ("client", "host"):
                answer.text()
            for _ in ("metadata", "assignment"):
                answer.blob()
            return name

        def one() -> list[str]:
            answer.number("h")
            for _ in ("group", "state", "kind of protocol", "protocol"):
                answer.text()
            return answer.many(member)

        return [name for names in answer.many(one) for name in names]

    def expel(self, group: str, member: str) -> int:
        """Let a member leave its group and return the error's number."""
        return self._ask(_LEAVE, 0, _text(group) + _text(member)).number("h")

    def delete_groups(self, names: Iterable[str]) -> dict[str, int]:
        """Delete these groups and return each one's error number."""
        answer = self._ask(_DELETE_GROUPS, 0, _many(_text(name) for name in names))
        answer.number("i")
        return dict(answer.many(lambda: (answer.text(), answer.number("h"))))

    def _ask(self, key: int, version: int, body: bytes) -> _Answer:
        request = struct.pack(">hhih", key, version, key, len(_CLIENT)) + _CLIENT + body
        try:
            self._socket.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", self._read(4))
            if not 4 <= size <= _ANSWER_BYTES_MAX:
                raise KafkaRefused(f"what it sends is no answer of {size} bytes")
            answer = _Answer(self._read(size))
        except OSError as error:
            raise KafkaRefused(f"it does not answer: {error}") from error
        if (told := answer.number("i")) != key:
            raise KafkaRefused(f"it answers request {told}, not {key}")
        return answer

    def _read(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            if not (more := self._socket.recv(count - len(found))):
                raise KafkaRefused("it hung up")
            found += more
        return bytes(found)
