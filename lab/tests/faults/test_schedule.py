"""What is broken when is decided before anything starts, from words, a file or chance."""

from __future__ import annotations

from pathlib import Path

import pytest

from trivet_lab.evidence import PlannedFault
from trivet_lab.faults import (
    AskedNow,
    FaultError,
    Target,
    conditions_of,
    find_faults,
    kind_of,
    plan_faults,
    read_fault,
)
from trivet_lab.faults._nemesis import MIX
from trivet_lab.faults.disk_full import DISK_BYTES
from trivet_lab.members import find_members
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import link_names, part_names
from trivet_platform import Conditions, Kafka

MASTERS = [f"valkey-{number}" for number in range(1, 6)]
REPLICAS = ["inventory-api-1", "inventory-api-2"]
LINKS = [f"{replica}-to-{server}" for replica in REPLICAS for server in ["postgres", *MASTERS]]
PARTS = [*REPLICAS, *MASTERS, "postgres", "issuer", "envoy", *LINKS]


def test_the_parts_of_the_shop_are_known_before_it_starts() -> None:
    members = [find_members(lab_settings().root)["inventory"]]
    assert [*part_names(members), *link_names(members)] == PARTS


def test_kafka_is_a_server_known_by_where_clients_begin() -> None:
    parts = [*PARTS, "kafka"]
    assert kind_of("kafka") == "kafka"
    assert plan_faults("pause:kafka@1s,kill:kafka/one@2s", parts, 7, 10)[1].parts == ["kafka"]
    for fault in ("clock_jump", "failpoint=a.b=kill", "disk_full", "delay"):
        with pytest.raises(FaultError, match=r"cannot hit kafka|cannot be done on this machine"):
            plan_faults(f"{fault}:kafka@1s", parts, 7, 10)
    kafka = Kafka()
    assert Target("kafka", kafka, lambda _: None, Path("kafka.log")).addresses == [kafka.servers]


def test_words_name_fault_target_and_times() -> None:
    planned = plan_faults("pause:inventory-api-1@2s+3s,kill:valkey-1@4.5s+250ms", PARTS, 7, 10)
    assert [(one.fault, one.parts, one.at_s, one.for_s) for one in planned] == [
        ("pause", ["inventory-api-1"], 2, 3),
        ("kill", ["valkey-1"], 4.5, 0.25),
    ]


def test_a_file_says_the_same_as_words(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(
        '[[fault]]\nfault = "pause"\ntarget = "one"\nat = "2s"\nfor = "3s"\n'
        '[[fault]]\nfault = "restart"\ntarget = "postgres"\nat = "500ms"\n'
    )
    assert plan_faults(str(file), PARTS, 7, 10) == plan_faults("pause:one@2s+3s,restart:postgres@500ms", PARTS, 7, 10)


@pytest.mark.parametrize(
    ("target", "family", "count"),
    [
        ("one", "inventory-api", 1),
        ("all", "inventory-api", 2),
        ("minority", "valkey", 2),
        ("majority", "valkey", 3),
        ("primary", "postgres", 1),
        ("valkey/all", "valkey", 5),
        ("valkey/1", "valkey", 1),
        ("valkey/one", "valkey", 1),
        ("envoy", "envoy", 1),
        ("inventory-api-2-to-valkey/minority", "inventory-api-2-to-valkey-", 2),
        ("inventory-api-2-to-postgres", "inventory-api-2-to-postgres", 1),
    ],
)
def test_a_target_means_so_many_parts_of_a_family(target: str, family: str, count: int) -> None:
    [planned] = plan_faults(f"kill:{target}@1s", PARTS, 7, 10)
    assert len(set(planned.parts)) == count
    assert all(part.startswith(family) for part in planned.parts)


def test_a_member_s_own_master_is_a_valkey_and_of_no_quorum() -> None:
    parts = [*PARTS, "till-api-1", "till-valkey", "till-api-1-to-till-valkey"]
    [planned] = plan_faults("restart_empty:till-valkey@1s", parts, 7, 10)
    assert planned.parts == ["till-valkey"]
    everyone = {part for seed in range(20) for part in plan_faults("kill:majority@1s", parts, seed, 10)[0].parts}
    assert everyone == set(MASTERS)
    [planned] = plan_faults("reset:till-api-1-to-till-valkey@1s", parts, 7, 10)
    assert planned.parts == ["till-api-1-to-till-valkey"]
    assert {each: kind_of(each) for each in parts[-3:]} == {
        "till-api-1": "service",
        "till-valkey": "valkey",
        "till-api-1-to-till-valkey": "link",
    }


def test_the_seed_chooses_and_repeats_its_choice() -> None:
    choices = [plan_faults("kill:minority@1s", PARTS, seed, 10)[0].parts for seed in range(20)]
    assert choices == [plan_faults("kill:minority@1s", PARTS, seed, 10)[0].parts for seed in range(20)]
    assert len({tuple(choice) for choice in choices}) > 3


def test_a_nemesis_repeats_its_mix_and_ends_in_peace() -> None:
    mixes = [plan_faults("nemesis", PARTS, seed, 30) for seed in range(30)]
    assert mixes == [plan_faults("nemesis", PARTS, seed, 30) for seed in range(30)]
    assert {fault.fault for mix in mixes for fault in mix} == {fault for fault, _ in MIX}
    assert {target for mix in mixes for target in {fault.target for fault in mix}} == {target for _, target in MIX}
    assert all(fault.at_s + fault.for_s <= 30 * 0.75 for mix in mixes for fault in mix)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("delay=soon:inventory-api-1-to-postgres@1s", "delay=soon is no delay"),
        ("delay:postgres@1s", "delay cannot hit postgres, only a link"),
        ("clock_jump=soon:postgres@1s", "clock_jump=soon is no jump: write clock_jump=\\+1h or clock_jump=-90s"),
        ("clock_jump=+5s:postgres@1s", "clock_jump=\\+5s is too small to be seen: write more than 20s"),
        ("clock_jump:envoy@1s", "clock_jump cannot hit envoy, only a postgres or service or valkey"),
        ("disk_full:valkey-1@1s", "disk_full cannot hit valkey-1, only a postgres"),
        ("failpoint=here:one@1s", "'here' is no failpoint"),
        ("failpoint=a.b=kill:postgres@1s", "failpoint cannot hit postgres, only a service"),
        ("explode:postgres@1s", "no fault called 'explode': there are black_hole, "),
        ("kill:mysql@1s", "no part is called 'mysql': there are inventory-api-1"),
        ("kill:kafka/one@1s", "means no part"),
        ("kill:valkey/6@1s", "means 6 of 5 parts"),
        ("kill:postgres", "is no fault: write fault:target@at"),
        ("kill:postgres@soon", "is no fault: write fault:target@at"),
        ("kill=9:postgres@1s", "kill takes no argument, not '9'"),
        ("restart_empty:postgres@1s", "restart_empty cannot hit postgres, only a valkey"),
        ("kill:postgres@10s", "comes after the crowd, which lasts 10 s"),
        ("nowhere.toml", "nowhere.toml is no schedule of faults"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch, words: str, says: str) -> None:
    for kind in find_faults().values():
        monkeypatch.setattr(kind, "blocker", lambda: None)
    with pytest.raises(FaultError, match=says):
        plan_faults(words, PARTS, 7, 10)


@pytest.mark.parametrize("name", ["clock_jump", "disk_full"])
def test_what_this_machine_cannot_do_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(find_faults()[name], "blocker", lambda: "something is missing")
    with pytest.raises(FaultError, match=f"{name} cannot be done on this machine: something is missing"):
        plan_faults(f"{name}:postgres@1s", PARTS, 7, 10)


def test_two_faults_on_one_part_share_its_conditions() -> None:
    first = "failpoint=a.b=pause:700:inventory-api-1@0s"
    planned = plan_faults(f"{first},failpoint=c.d=kill:inventory-api-1@1s,kill:postgres@1s", PARTS, 7, 10)
    assert conditions_of(planned) == {"inventory-api-1": Conditions({"TRIVET_FAILPOINTS": "a.b=pause:700,c.d=kill"})}
    both = [
        PlannedFault("clock_jump", "postgres", ["postgres"], 1),
        PlannedFault("disk_full", "postgres", ["postgres"], 2),
    ]
    assert conditions_of(both) == {"postgres": Conditions(own_clock=True, disk_bytes=DISK_BYTES)}


def test_an_argument_may_hold_what_the_schedule_is_written_with() -> None:
    words = "failpoint=inventory.purchase.after_commit=pause:700@3:inventory-api-1@0s+2s"
    [planned] = plan_faults(words, PARTS, 7, 10)
    assert (planned.argument, planned.parts) == ("inventory.purchase.after_commit=pause:700@3", ["inventory-api-1"])
    assert conditions_of([planned]) == {
        "inventory-api-1": Conditions({"TRIVET_FAILPOINTS": "inventory.purchase.after_commit=pause:700@3"})
    }


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("pause:valkey/2", AskedNow("pause", "valkey/2", "", None)),
        ("kill:one+500ms", AskedNow("kill", "one", "", 0.5)),
        ("delay=200ms~50ms:a-1-to-postgres+3s", AskedNow("delay", "a-1-to-postgres", "200ms~50ms", 3)),
    ],
)
def test_a_fault_asked_for_by_hand_needs_no_time(words: str, asked: AskedNow) -> None:
    assert read_fault(words) == asked


@pytest.mark.parametrize("words", ["kill", "kill:one@2s", "kill:one+soon", ":one", "kill:one,pause:one+", ""])
def test_what_is_no_fault_by_hand_is_refused(words: str) -> None:
    with pytest.raises(FaultError, match="is no fault: write fault:target"):
        read_fault(words)


def test_a_nemesis_without_time_is_refused() -> None:
    with pytest.raises(FaultError, match=r"needs more than 1\.5 s of load, not 1 s"):
        plan_faults("nemesis", PARTS, 7, 1)


@pytest.mark.parametrize("kind", find_faults().values(), ids=list(find_faults()))
def test_every_fault_says_what_it_proves_in_one_sentence(kind) -> None:
    assert kind.PROVES[0].isupper()
    assert kind.PROVES.endswith(".")
