"""One contract, kept by the node in memory and by the one on a real server."""

import asyncio
import secrets
from collections.abc import Callable

import pytest
import redis

from trivet_locks import MemoryNode, Node, NodeError, RedisNode, redis_node

TTL_MS = 60_000
MakeNode = Callable[[], Node]


class NodeContract:
    """What a quorum lock stands on, whatever the node is made of."""

    @pytest.fixture
    def make_node(self) -> MakeNode:
        raise NotImplementedError

    @pytest.fixture
    def key(self) -> str:
        return f"contract:{secrets.token_hex(8)}"

    async def test_the_first_token_is_granted_and_a_second_is_not(self, make_node: MakeNode, key: str) -> None:
        node = make_node()
        assert await node.set_if_absent(key, "a", TTL_MS)
        assert not await node.set_if_absent(key, "b", TTL_MS)
        assert await node.release(key, "a")
        await node.close()

    async def test_ones_own_token_counts_as_success(self, make_node: MakeNode, key: str) -> None:
        node = make_node()
        assert await node.set_if_absent(key, "a", TTL_MS)
        assert await node.set_if_absent(key, "a", TTL_MS)
        await node.close()

    async def test_a_release_frees_the_key_once(self, make_node: MakeNode, key: str) -> None:
        node = make_node()
        await node.set_if_absent(key, "a", TTL_MS)
        assert await node.release(key, "a")
        assert not await node.release(key, "a")
        assert await node.set_if_absent(key, "b", TTL_MS)
        await node.close()

    async def test_anothers_key_is_never_released(self, make_node: MakeNode, key: str) -> None:
        node = make_node()
        await node.set_if_absent(key, "a", TTL_MS)
        assert not await node.release(key, "b")
        assert not await node.set_if_absent(key, "b", TTL_MS)
        await node.close()

    async def test_a_key_expires(self, make_node: MakeNode, key: str) -> None:
        node = make_node()
        assert await node.set_if_absent(key, "a", 20)
        granted = False
        async with asyncio.timeout(15):
            while not granted:
                granted = await node.set_if_absent(key, "b", TTL_MS)
        await node.close()

    async def test_a_release_takes_effect_after_the_cancelled_set_before_it(
        self, make_node: MakeNode, key: str
    ) -> None:
        node = make_node()
        await node.set_if_absent(f"{key}:warm", "a", 20)
        for turns in range(6):
            asking = asyncio.create_task(node.set_if_absent(key, "a", TTL_MS))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await node.release(key, "a")
            assert await node.set_if_absent(key, f"other {turns}", TTL_MS), turns
            await node.release(key, f"other {turns}")
        await node.close()


class TestMemoryNode(NodeContract):
    @pytest.fixture
    def make_node(self) -> MakeNode:
        return lambda: MemoryNode("memory")


class TestRedisNode(NodeContract):
    @pytest.fixture
    def make_node(self, valkeys: Callable[[int], list[str]]) -> MakeNode:
        (url,) = valkeys(1)
        return lambda: RedisNode(url)

    async def test_the_command_is_the_documented_one(
        self, make_node: MakeNode, key: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        packed: list[tuple[object, ...]] = []
        real = redis_node._pack
        monkeypatch.setattr(redis_node, "_pack", lambda *words: packed.append(words) or real(*words))
        node = make_node()
        await node.set_if_absent(key, "token", 5000)
        assert ("SET", key, "token", "NX", "PX", 5000, "GET") in packed
        await node.release(key, "token")
        await node.close()

    async def test_a_node_that_forgot_the_script_gets_its_text(
        self, make_node: MakeNode, key: str, valkeys: Callable[[int], list[str]]
    ) -> None:
        node = make_node()
        await node.set_if_absent(key, "a", TTL_MS)
        with redis.Redis.from_url(valkeys(1)[0]) as server:
            server.script_flush()
        assert await node.release(key, "a")
        await node.close()

    async def test_an_error_reply_is_a_node_error_and_the_connection_lives_on(
        self, make_node: MakeNode, key: str, valkeys: Callable[[int], list[str]]
    ) -> None:
        node = make_node()
        with redis.Redis.from_url(valkeys(1)[0]) as server:
            server.rpush(key, "a list")
        with pytest.raises(NodeError, match="WRONGTYPE"):
            await node.set_if_absent(key, "a", TTL_MS)
        assert await node.set_if_absent(f"{key}:next", "a", 20)
        await node.close()

    async def test_a_user_with_a_password_gets_in_and_is_not_named(
        self, key: str, valkeys: Callable[[int], list[str]]
    ) -> None:
        (url,) = valkeys(1)
        with redis.Redis.from_url(url) as server:
            server.acl_setuser("locker", enabled=True, passwords=["+s3cret"], keys="*", commands=["+@all"])
        node = RedisNode(url.replace("//", "//locker:s3cret@"))
        assert node.name in url
        assert await node.set_if_absent(key, "a", 20)
        await node.close()
        stranger = RedisNode(url.replace("//", "//locker:wrong@"))
        with pytest.raises(NodeError, match="invalid username-password"):
            await stranger.set_if_absent(key, "a", 20)
        await stranger.close()

    def test_each_event_loop_gets_a_connection_of_its_own(self, make_node: MakeNode, key: str) -> None:
        node = make_node()

        async def once(token: str) -> bool:
            return await node.set_if_absent(key, token, TTL_MS) and await node.release(key, token)

        assert asyncio.run(once("first loop"))
        assert asyncio.run(once("second loop"))
        assert len(node._lines) == 1


class TestTheContractNoticesAMissingGuard:
    async def test_a_release_without_token_comparison(
        self, valkeys: Callable[[int], list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        careless = "return redis.call('DEL', KEYS[1])"
        monkeypatch.setattr(redis_node, "RELEASE_LUA", careless)
        monkeypatch.setattr(redis_node, "_RELEASE_SHA", "0" * 40)
        (url,) = valkeys(1)
        with pytest.raises(AssertionError):
            await NodeContract().test_anothers_key_is_never_released(lambda: RedisNode(url), secrets.token_hex(8))

    async def test_a_set_that_overwrites(
        self, valkeys: Callable[[int], list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = redis_node._pack
        monkeypatch.setattr(redis_node, "_pack", lambda *words: real(*(word for word in words if word != "NX")))
        (url,) = valkeys(1)
        with pytest.raises(AssertionError):
            await NodeContract().test_the_first_token_is_granted_and_a_second_is_not(
                lambda: RedisNode(url), secrets.token_hex(8)
            )
