"""A process has so many connections at most, and whoever only holds one gives way to who asks."""

from __future__ import annotations

import contextlib
import socket

import pytest
from connecting import GET, HOLD, PROGRAM, answered
from running import Running, running, to_end, until


def asked(shop: Running, stack: contextlib.ExitStack) -> socket.socket:
    """Return a connection that was answered and is kept."""
    client = stack.enter_context(shop.connect())
    client.sendall(GET)
    answered(client, b'{"live":true}')
    return client


def test_the_connection_that_was_idle_for_longest_gives_its_place_to_a_new_one() -> None:
    with running(PROGRAM, "60", "4") as shop, contextlib.ExitStack() as stack:
        used, idle = asked(shop, stack), asked(shop, stack)
        used.sendall(GET)
        answered(used, b'{"live":true}')
        others = [asked(shop, stack) for _ in range(3)]
        assert to_end(idle) == b""
        for kept in (used, *others):
            kept.sendall(GET)
            answered(kept, b'{"live":true}')


@pytest.mark.parametrize("begun", [b"", GET], ids=["silent", "idle"])
def test_whoever_only_holds_places_shuts_nobody_out(begun: bytes) -> None:
    with running(PROGRAM, "60", "4") as shop, contextlib.ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(shop.connect())
            client.sendall(begun)
            assert shop.status("/livez") == 200


def test_who_is_owed_an_answer_gives_way_to_nobody() -> None:
    with running(PROGRAM, "60", "4") as shop, contextlib.ExitStack() as stack:
        holders = [stack.enter_context(shop.connect()) for _ in range(4)]
        for holder in holders:
            holder.sendall(HOLD)
            shop.read_until("held")
        with shop.connect() as late:
            assert to_end(late) == b""
        holders.pop().close()
        until(lambda: shop.status("/livez") == 200)
        assert shop.status("/release") == 200
        for holder in holders:
            answered(holder, b"held")


def test_a_body_that_came_after_its_answer_leaves_its_connection_idle() -> None:
    with running(PROGRAM, "60", "2") as shop, contextlib.ExitStack() as stack:
        early = stack.enter_context(shop.connect())
        early.sendall(b"POST /unread HTTP/1.1\r\nhost: shop\r\ncontent-length: 4\r\n\r\n")
        answered(early, b"never asked")
        early.sendall(b"late")
        held = stack.enter_context(shop.connect())
        held.sendall(HOLD)
        shop.read_until("held")
        assert shop.status("/livez") == 200
        assert to_end(early) == b""


def test_connections_leave_half_of_the_descriptors() -> None:
    few = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
    with running(few + PROGRAM, "60") as shop, contextlib.ExitStack() as stack:
        first = asked(shop, stack)
        for _ in range(100):
            asked(shop, stack)
        assert to_end(first) == b""
        assert shop.status("/livez") == 200
