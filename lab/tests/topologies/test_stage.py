import dataclasses
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trivet_lab.members import find_members
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop, Stage, StageFailed, link_names, part_names
from trivet_platform import Conditions, Supervisor


def stage(**pids: list[int]) -> Stage:
    programs: list[Any] = [SimpleNamespace(name=name, pids=alive) for name, alive in pids.items()]
    return Stage("advisory", "http://127.0.0.1:1", 0, programs, {}, {})


def test_a_replica_that_died_on_its_own_is_told() -> None:
    with pytest.raises(StageFailed, match=r"^second, third ended while the crowd was there"):
        stage(first=[11], second=[], third=[]).ensure_whole()


def test_a_stage_whose_replicas_live_is_whole() -> None:
    stage(first=[11], second=[12, 13]).ensure_whole()


def test_the_links_of_a_stage_are_stopped_even_if_a_replica_does_not_go(tmp_path: Path) -> None:
    gone: list[str] = []

    def stay() -> None:
        raise PermissionError("it is no longer ours")

    first: Any = SimpleNamespace(dismiss=stay)
    second: Any = SimpleNamespace(dismiss=lambda: gone.append("second"))
    link: Any = SimpleNamespace(stop=lambda: gone.append("link"))
    with pytest.raises(PermissionError, match="no longer ours"):
        Shop(Supervisor(tmp_path), {}, lab="leaving")._take_down([first, second], [link])
    assert gone == ["second", "link"]


def test_a_shared_part_is_started_again_only_if_its_conditions_change(tmp_path: Path) -> None:
    """And a stage that asks for nothing finds it as ever: conditions do not outlive their stage's successor."""
    under = {"postgres": Conditions({"TRIVET_TEST": "1"})}
    leaders = []
    with Supervisor(tmp_path) as platform:
        shop = Shop(platform, {}, lab="conditions")
        shop.open()
        for conditions in ({}, under, under, {}):
            shop._prepare(conditions)
            assert shop.postgres.blocker() is None
            assert shop.postgres.conditions == conditions.get("postgres", Conditions())
            leaders.append(shop.postgres.pids[0])
    plain, first, second, last = leaders
    assert plain != first == second != last


def test_a_stage_finds_whole_parts_without_locks_whatever_the_last_one_left(tmp_path: Path) -> None:
    members = {"inventory": find_members(lab_settings().root)["inventory"]}
    with Supervisor(tmp_path) as platform:
        shop = Shop(platform, members, lab="left")
        shop.open()
        for port in (valkey.port for valkey in shop.valkeys):
            assert say(port, b"SET resource_lock:ticket-1 token\r\n") == b"+OK\r\n"
        shop.valkeys[0].kill()
        shop.valkeys[1].pause()
        shop.edge.kill()
        shop.postgres.pause()
        shop._prepare({})
        assert [part.blocker() for part in (*shop.valkeys, shop.edge, shop.postgres)] == [None] * 7
        assert [say(valkey.port, b"DBSIZE\r\n") for valkey in shop.valkeys] == [b":0\r\n"] * 5


def test_a_stage_has_the_members_that_are_named_and_all_when_none_is(tmp_path: Path) -> None:
    kind = find_members(lab_settings().root)["inventory"]
    first, second = (dataclasses.replace(kind, name=name) for name in ("first", "second"))
    shop = Shop(Supervisor(tmp_path), {"first": first, "second": second}, lab="chosen")
    assert shop._chosen(["second"]) == [second]
    assert shop._chosen(None) == [first, second]
    with pytest.raises(KeyError):
        shop._chosen(["third"])
    alone = Stage("s", "http://127.0.0.1:1", 0, [], {"second": "postgresql://reader"}, {})
    own = {"TRIVET_EDGE_URL", "TRIVET_ISSUER_URL", "TRIVET_SECOND_READER_URL", "TRIVET_VALKEY_URLS"}
    assert shop.endpoints(alone).keys() == own


def test_a_shop_has_a_kafka_if_a_member_needs_one_and_leads_that_one_to_it(tmp_path: Path) -> None:
    without = find_members(lab_settings().root)["inventory"]
    member = dataclasses.replace(without, name="streaming", needs={"postgres": 1, "kafka": 1})
    plain = Shop(Supervisor(tmp_path), {"inventory": without}, lab="plain")
    assert plain.kafka is None
    assert "TRIVET_KAFKA_SERVERS" not in plain.endpoints(Stage("s", "", 0, [], {}, {}))
    assert "kafka" not in part_names([without])
    shop = Shop(Supervisor(tmp_path), {"inventory": without, "streaming": member}, lab="both")
    assert shop.kafka is not None
    told = {each.name: shop._environment(each, "postgresql://", {}, lab=False) for each in (without, member)}
    assert told["streaming"]["TRIVET_STREAMING_KAFKA_SERVERS"] == shop.kafka.servers
    assert not any("KAFKA" in name for name in told["inventory"])
    assert shop.endpoints(Stage("s", "", 0, [], {}, {}))["TRIVET_KAFKA_SERVERS"] == shop.kafka.servers
    assert {"kafka", "postgres", "issuer", "envoy"} < set(part_names([without, member]))
    assert not any("kafka" in name for name in link_names([without, member]))


def test_a_stage_finds_a_kafka_that_answers_and_has_no_topic(tmp_path: Path) -> None:
    member = dataclasses.replace(find_members(lab_settings().root)["inventory"], needs={"kafka": 1})
    with Supervisor(tmp_path) as platform:
        shop = Shop(platform, {"inventory": member}, lab="events")
        shop.open()
        assert shop.kafka is not None
        shop.kafka.create_topic("orders")
        shop.kafka.pause()
        shop._prepare({})
        assert shop.kafka.blocker() is None
        with shop.kafka._wire(5) as wire:
            assert wire.cluster().topics == []


def say(port: int, command: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(command)
        return connection.recv(100)
