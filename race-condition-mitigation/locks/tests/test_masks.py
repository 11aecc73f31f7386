"""Every way in which five nodes can grant, be busy or fail, through the whole lock."""

from itertools import product

import pytest

from trivet_locks import LockBusy, LockError, MemoryNode, NodeError, Outcome, QuorumUnavailable, Redlock, ballot

KEY = "resource_lock:ticket-1"


class BrokenNode(MemoryNode):
    """Applies what it is asked, and then fails to answer: the worst that a node can do."""

    async def set_if_absent(self, key: str, token: str, ttl_ms: int) -> bool:
        await super().set_if_absent(key, token, ttl_ms)
        raise NodeError("cut")

    async def release(self, key: str, token: str) -> bool:
        await super().release(key, token)
        raise NodeError("cut")


async def nodes_of(mask: tuple[str, ...]) -> list[MemoryNode]:
    nodes = [(BrokenNode if kind == "broken" else MemoryNode)(str(index)) for index, kind in enumerate(mask)]
    for node, kind in zip(nodes, mask, strict=True):
        if kind == "busy":
            await node.set_if_absent(KEY, "somebody else", 60_000)
    return nodes


async def attempt(mask: tuple[str, ...]) -> tuple[str, list[MemoryNode]]:
    nodes = await nodes_of(mask)
    lock = Redlock(nodes)
    try:
        lease = await lock.acquire("ticket-1", ttl_ms=5000)
        await lease.release()
        result = "won"
    except LockBusy:
        result = "busy"
    except QuorumUnavailable:
        result = "unavailable"
    await lock.close()
    return result, nodes


async def test_free_or_busy_all_32_masks() -> None:
    for mask in product(("free", "busy"), repeat=5):
        result, _ = await attempt(mask)
        assert result == ("won" if mask.count("free") >= 3 else "busy"), mask


async def test_free_busy_or_broken_all_243_masks_and_no_key_stays() -> None:
    for mask in product(("free", "busy", "broken"), repeat=5):
        result, nodes = await attempt(mask)
        assert (result == "won") == (mask.count("free") >= 3), mask
        assert (result == "unavailable") <= (mask.count("broken") >= 3), mask
        assert (result == "busy") <= ("busy" in mask), mask
        left = [node.holder(KEY) for node in nodes]
        assert left == ["somebody else" if kind == "busy" else None for kind in mask], mask


async def test_two_of_five_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ballot, "quorum", lambda _: 2)
    with pytest.raises(AssertionError):
        await test_free_or_busy_all_32_masks()


async def test_an_attempt_that_is_not_taken_back_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forget(*_: object) -> None: ...

    monkeypatch.setattr(Redlock, "_take_back", forget)
    with pytest.raises(AssertionError):
        await test_free_busy_or_broken_all_243_masks_and_no_key_stays()


async def test_a_refusal_names_every_node_with_what_it_said() -> None:
    nodes = await nodes_of(("free", "busy", "busy", "busy", "broken"))
    with pytest.raises(LockBusy) as caught:
        await Redlock(nodes).acquire("ticket-1", ttl_ms=5000)
    assert set(caught.value.nodes) == {"0", "1", "2", "3", "4"}
    assert caught.value.nodes["1"].outcome is Outcome.BUSY
    assert (caught.value.code, caught.value.definite, caught.value.retryable) == ("lock-busy", True, True)
    assert "1 busy" in str(caught.value)


@pytest.mark.parametrize("names", [[], ["same", "same"]])
def test_nodes_must_be_there_and_differ(names: list[str]) -> None:
    with pytest.raises(ValueError, match="independent"):
        Redlock([MemoryNode(name) for name in names])


def test_two_databases_of_one_server_are_one_node() -> None:
    with pytest.raises(ValueError, match="independent"):
        Redlock.connect(["redis://127.0.0.1:7000/0", "redis://user:secret@127.0.0.1:7000/1"])


@pytest.mark.parametrize("code", ["lock-busy", "quorum-unavailable", "lease-lost", "advisory-busy", "node-unavailable"])
def test_codes_are_stable(code: str) -> None:
    def leaves(base: type[LockError]) -> list[type[LockError]]:
        return [base, *(leaf for child in base.__subclasses__() for leaf in leaves(child))]

    assert [kind.code for kind in leaves(LockError)].count(code) == 1
