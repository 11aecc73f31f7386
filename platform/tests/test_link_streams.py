"""What verbs do to single streams: order, segments, ends, and the gap after which nothing is carried."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_platform import Link, Supervisor, Valkey
from trivet_platform.link_faults import Search

PATIENCE_S = 60
FOREVER_MS = 3_600_000
Pair = tuple[socket.socket, socket.socket]
Until = Callable[[Callable[[], object], str], object]


@pytest.fixture(scope="module")
def target() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        yield listener


@pytest.fixture(scope="module")
def shared_link(supervisor: Supervisor, target: socket.socket) -> Iterator[Link]:
    part = Link("streams", f"127.0.0.1:{target.getsockname()[1]}")
    supervisor.start(part)
    yield part
    part.stop()


@pytest.fixture
def link(shared_link: Link) -> Iterator[Link]:
    yield shared_link
    shared_link.clear()


@pytest.fixture
def pair(link: Link, target: socket.socket) -> Iterator[Pair]:
    """Return both ends of one connection: the client's, and what the target accepted."""
    with dial(link) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server, _ = target.accept()
        with server:
            server.settimeout(PATIENCE_S)
            yield client, server


def dial(part: Link | Valkey) -> socket.socket:
    return socket.create_connection(("127.0.0.1", part.port), timeout=PATIENCE_S)


def read(end: socket.socket, count: int) -> bytes:
    """Return this many bytes, or fewer if it ends before. A socket with a timeout does not wait for all by itself."""
    content = b""
    while len(content) < count and (piece := end.recv(count - len(content))):
        content += piece
    return content


def hears_nothing(end: socket.socket) -> None:
    assert select.select([end], [], [], 0)[0] == []


def reset(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


@pytest.mark.parametrize("cuts", [[], [1], [7], [8], [3, 7, 9], list(range(1, 16))])
def test_a_pattern_is_found_whichever_way_tcp_cut_it(link: Link, pair: Pair, cuts: list[int]) -> None:
    client, server = pair
    content = b"..COMMCOMMIT;..."
    link.cut_after(b"COMMIT")
    for start, stop in zip([0, *cuts], [*cuts, len(content)], strict=True):
        client.sendall(content[start:stop])
        assert read(server, stop - start) == content[start:stop]
    assert link.counts()["open"] == 1
    hears_nothing(client)
    server.sendall(b"done")
    assert server.recv(1) == b"", "a server that has answered is told that nothing more comes"
    hears_nothing(client)
    server.close()
    with pytest.raises(ConnectionResetError):
        client.recv(1)


PATTERNS = st.lists(st.text("COMIT", min_size=1, max_size=6), min_size=1, max_size=3)


@given(PATTERNS, st.lists(st.text("COMIT", min_size=1, max_size=5)))
def test_a_search_finds_what_is_in_the_whole(patterns: list[str], pieces: list[str]) -> None:
    search = Search([pattern.encode() for pattern in patterns])
    seen = ""
    for piece in pieces:
        seen += piece
        found = search.finds(piece.encode())
        assert found == any(pattern in seen for pattern in patterns)
        if found:
            return


def test_answers_before_the_pattern_arrive(link: Link, pair: Pair) -> None:
    client, server = pair
    link.cut_after(b"COMMIT")
    client.sendall(b"BEGIN")
    assert read(server, 5) == b"BEGIN"
    server.sendall(b"begun")
    assert read(client, 5) == b"begun"
    server.sendall(b"COMMIT")  # from the other side it means nothing
    assert read(client, 6) == b"COMMIT"


def test_a_server_that_dies_over_the_pattern_resets_its_client(link: Link, pair: Pair) -> None:
    client, server = pair
    link.cut_after(b"COMMIT")
    client.sendall(b"COMMIT")
    assert read(server, 6) == b"COMMIT"
    reset(server)
    with pytest.raises(ConnectionResetError):
        client.recv(1)


@pytest.mark.parametrize("first", [0, 1])
def test_jitter_keeps_the_order_and_the_end_comes_last(link: Link, pair: Pair, first: int) -> None:
    sender, receiver = pair[first], pair[1 - first]
    before = link.counts()["delayed"]
    link.delay(2, jitter_ms=2)
    content = b""
    for number in range(300):
        sender.sendall(b"%04d" % number)
        content += b"%04d" % number
    sender.shutdown(socket.SHUT_WR)
    assert read(receiver, len(content)) == content
    assert receiver.recv(1) == b""
    assert link.counts()["delayed"] - before == len(content)


def test_what_a_delay_holds_is_released_in_order_by_clear(link: Link, pair: Pair, until: Until) -> None:
    client, server = pair
    link.delay(FOREVER_MS)
    for piece in (b"one", b"two"):
        held = link.counts()["held"]
        client.sendall(piece)
        until(lambda held=held: link.counts()["held"] == held + 3, "held")
    client.shutdown(socket.SHUT_WR)
    hears_nothing(server)
    link.clear()
    assert read(server, 6) == b"onetwo"
    assert server.recv(1) == b""
    server.sendall(b"answer")
    assert read(client, 6) == b"answer"


def test_a_delay_stores_no_more_than_its_bound(link: Link, pair: Pair, until: Until) -> None:
    client, server = pair
    link.delay(FOREVER_MS)
    client.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.sendall(b"x" * (64 << 20))
    assert link.counts()["held"] < 4 << 20
    reset(server)
    until(lambda: link.counts()["held"] == 0, "what is held of a connection that was reset is lost")


@pytest.mark.parametrize("end", ["bytes", "fin", "rst"])
@pytest.mark.parametrize("first", [0, 1])
def test_neither_side_of_a_black_hole_learns_of_the_other(
    link: Link, pair: Pair, first: int, end: str, until: Until
) -> None:
    doer, other = pair[first], pair[1 - first]
    before = link.counts()["dropped"]
    link.black_hole()
    if end == "bytes":
        doer.sendall(b"lost")
        until(lambda: link.counts()["dropped"] == before + 4, "swallowed")
    elif end == "fin":
        doer.shutdown(socket.SHUT_WR)
    else:
        reset(doer)
    link.black_hole()  # once it is answered, what came before it was seen
    hears_nothing(other)
    assert link.counts()["open"] >= 1
    link.clear()
    with pytest.raises(ConnectionResetError):
        other.recv(1)


def test_after_a_gap_nothing_is_carried_whatever_comes_next(link: Link, pair: Pair, until: Until) -> None:
    client, server = pair
    before = link.counts()["dropped"]
    link.black_hole()
    client.sendall(b"lost")
    until(lambda: link.counts()["dropped"] == before + 4, "swallowed")
    link.delay(0)
    for end in (client, server):
        with pytest.raises(ConnectionResetError):
            end.recv(1)


def test_who_connected_in_a_black_hole_and_said_nothing_is_connected_by_clear(
    link: Link, target: socket.socket
) -> None:
    link.black_hole()
    with dial(link) as client:
        link.clear()
        server, _ = target.accept()
        with server:
            client.sendall(b"hello")
            assert read(server, 5) == b"hello"


def test_half_open_cuts_the_target_alone(link: Link, pair: Pair, until: Until) -> None:
    client, server = pair
    link.half_open()
    with pytest.raises(ConnectionResetError):
        server.recv(1)
    before = link.counts()["dropped"]
    client.sendall(b"anybody?")
    until(lambda: link.counts()["dropped"] == before + 8, "swallowed")
    hears_nothing(client)
    link.clear()
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_command_of_valkey_takes_effect_and_its_answer_is_lost(supervisor: Supervisor) -> None:
    valkey = Valkey("behind-a-link")
    supervisor.start(valkey)
    part = Link("to-valkey", f"127.0.0.1:{valkey.port}")
    supervisor.start(part)

    def ask(server: Link | Valkey, command: bytes) -> bytes:
        with dial(server) as client:
            client.sendall(command + b"\r\n")
            return client.recv(100)

    assert ask(part, b"INCR sold") == b":1\r\n"
    part.cut_after(b"INCR", times=1)
    with pytest.raises(ConnectionResetError):
        ask(part, b"INCR sold")
    assert ask(valkey, b"GET sold") == b"$1\r\n2\r\n"
    assert ask(part, b"INCR sold") == b":3\r\n"
    valkey.kill()
    with pytest.raises(ConnectionResetError):
        ask(part, b"INCR sold")
    supervisor.start(valkey)
    assert ask(part, b"INCR sold") == b":1\r\n"
    part.stop()
    valkey.stop()
