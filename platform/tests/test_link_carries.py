"""A link without a fault: what goes in comes out, ends and resets included, and nothing piles up inside."""

from __future__ import annotations

import hashlib
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trivet_platform import Link, LinkFailed, Supervisor
from trivet_platform.sockets import is_free

PATIENCE_S = 60
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def target() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        listener.settimeout(PATIENCE_S)
        yield listener


@pytest.fixture(scope="module")
def link(supervisor: Supervisor, target: socket.socket) -> Iterator[Link]:
    part = Link("carrying", f"127.0.0.1:{target.getsockname()[1]}")
    supervisor.start(part)
    yield part
    part.stop()


def dial(link: Link) -> socket.socket:
    return socket.create_connection(("127.0.0.1", link.port), timeout=PATIENCE_S)


@pytest.fixture
def pair(link: Link, target: socket.socket) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return both ends of one connection: the client's, and what the target accepted."""
    with dial(link) as client:
        server, _ = target.accept()
        with server:
            server.settimeout(PATIENCE_S)
            yield client, server


def read_all(end: socket.socket) -> bytes:
    return b"".join(iter(lambda: end.recv(65536), b""))


def reset(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


@pytest.mark.parametrize("first", [0, 1])
def test_a_half_closed_stream_still_answers(pair: tuple[socket.socket, socket.socket], first: int) -> None:
    asker, answerer = pair[first], pair[1 - first]
    asker.sendall(b"question")
    asker.shutdown(socket.SHUT_WR)
    assert read_all(answerer) == b"question"
    answerer.sendall(b"answer")
    answerer.close()
    assert read_all(asker) == b"answer"


@pytest.mark.parametrize("first", [0, 1])
def test_a_reset_is_a_reset_on_the_other_side(pair: tuple[socket.socket, socket.socket], first: int) -> None:
    reset(pair[first])
    with pytest.raises(ConnectionResetError):
        pair[1 - first].recv(1)


def test_nothing_is_left_of_connections_that_ended(
    link: Link, target: socket.socket, until: Callable[..., object]
) -> None:
    descriptors = Path(f"/proc/{link.pids[0]}/fd")
    until(lambda: link.counts()["open"] == 0, "those of earlier tests are gone")
    before = len(list(descriptors.iterdir()))
    for end in ("closed", "reset", "half-closed") * 10:
        client, (server, _) = dial(link), target.accept()
        if end == "half-closed":
            client.shutdown(socket.SHUT_WR)
            assert server.recv(1) == b""
        (reset if end == "reset" else socket.socket.close)(server)
        client.close()
    until(lambda: link.counts()["open"] == 0, "all are gone")
    # The count before may have met a control connection that was just being closed, the one after must not wait for it.
    until(lambda: len(list(descriptors.iterdir())) <= before, "and so are their descriptors")


@pytest.mark.parametrize("first", [0, 1])
def test_a_big_transfer_arrives_whole(pair: tuple[socket.socket, socket.socket], first: int) -> None:
    sender, receiver = pair[first], pair[1 - first]
    content = os.urandom(MEGABYTE) * 64

    def send() -> None:
        sender.sendall(content)
        sender.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    received = hashlib.sha256(read_all(receiver))
    thread.join(PATIENCE_S)
    assert received.digest() == hashlib.sha256(content).digest()


@pytest.mark.parametrize("first", [0, 1])
def test_a_slow_reader_slows_its_sender(pair: tuple[socket.socket, socket.socket], first: int) -> None:
    sender, receiver = pair[first], pair[1 - first]
    piece, total, sent = b"x" * MEGABYTE, 128 * MEGABYTE, 0
    sender.settimeout(0)
    # Half a second without room is taken for "it waits": on a slower machine that shows less, and never a failure.
    while sent < total and select.select([], [sender], [], 0.5)[1]:
        sent += sender.send(piece)
    assert sent < total // 2, "the link took in what nobody reads"
    reader = threading.Thread(target=read_all, args=[receiver])
    reader.start()
    sender.settimeout(PATIENCE_S)
    sender.sendall(piece * 32)
    sender.shutdown(socket.SHUT_WR)
    reader.join(PATIENCE_S)
    assert not reader.is_alive()


def test_many_connections_at_once(link: Link, target: socket.socket) -> None:
    count = 600  # twice as many descriptors are more than most sessions allow a process by default
    before = link.counts()
    clients = [dial(link) for _ in range(count)]
    for number, client in enumerate(clients):
        client.sendall(b"%08d" % number)
    seen = set()
    for _ in range(count):
        server, _ = target.accept()
        with server:
            server.settimeout(PATIENCE_S)
            asked = server.recv(8, socket.MSG_WAITALL)
            seen.add(asked)
            server.sendall(asked[::-1])
    assert len(seen) == count
    for number, client in enumerate(clients):
        assert read_all(client) == (b"%08d" % number)[::-1]
        client.close()
    after = link.counts()
    assert after["connections"] - before["connections"] == count
    assert after["bytes"] - before["bytes"] == 16 * count


def test_a_target_that_is_down_is_a_reset_and_no_hang(supervisor: Supervisor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    part = Link("to-nowhere", f"127.0.0.1:{address[1]}")
    supervisor.start(part)
    with pytest.raises(ConnectionResetError), dial(part) as client:
        client.recv(1)
    assert part.counts()["unreachable"] == 1
    with socket.create_server(address) as listener, dial(part) as client:
        server, _ = listener.accept()
        with server:
            server.sendall(b"back")
        assert read_all(client) == b"back"
    part.kill()


def test_a_link_that_is_started_again_is_clear_at_the_same_address(supervisor: Supervisor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        part = Link("again", f"127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(LinkFailed, match="again is not started"):
            part.clear()
        supervisor.start(part)
        address = part.address
        part.refuse()
        part.kill()
        with pytest.raises(LinkFailed, match="again does not answer"):
            part.clear()
        supervisor.start(part)
        assert part.address == address
        with dial(part) as client:
            server, _ = listener.accept()
            server.close()
            assert read_all(client) == b""
        part.stop()


def test_the_control_channel_is_private_and_takes_no_nonsense(link: Link) -> None:
    assert link._control is not None
    assert link._control.stat().st_mode & 0o077 == 0
    with pytest.raises(LinkFailed, match="carrying refuses: a link has no verb explode"):
        link._ask({"verb": "explode"})
    with pytest.raises(ValueError, match="at least one byte"):
        link.cut_after(b"")
    with pytest.raises(ValueError, match="at least one byte"):
        link.cut_after(b"COMMIT", b"")
    with pytest.raises(ValueError, match="at least one byte"):
        link.cut_after()
    with pytest.raises(ValueError, match="nothing arrives before"):
        link.delay(-1)


def test_a_deep_run_directory_leaves_the_control_channel_within_reach(tmp_path: Path, target: socket.socket) -> None:
    with Supervisor(tmp_path / ("deep" * 30)) as platform:
        part = Link("deep", f"127.0.0.1:{target.getsockname()[1]}")
        platform.start(part)
        assert part.counts()["connections"] == 0


def test_nobody_takes_the_port_while_the_link_refuses(link: Link, target: socket.socket) -> None:
    link.refuse()
    assert not is_free(link.port)
    link.clear()
    with dial(link):
        target.accept()[0].close()
