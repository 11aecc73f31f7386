"""Real servers started, stopped, broken and healed through the API, by one client and by two at once."""

from __future__ import annotations

import dataclasses
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from trivet_lab.control import ControlClient, ControlRefused, Wanted
from trivet_lab.control.problems import PartTaken
from trivet_lab.control.turns import Turns
from trivet_lab.faults import Target, find_faults
from trivet_platform import PlatformError, Supervisor, Valkey


def state(client: ControlClient, name: str) -> str:
    [part] = [part for part in client.parts() if part.name == name]
    return part.state


def at_once(*works):
    """Do these at one instant and return what each returned or raised."""
    together = threading.Barrier(len(works))

    def one(work):
        together.wait()
        try:
            return work()
        except ControlRefused as error:
            return error.code

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(one, work) for work in works]]


def test_the_parts_are_listed_as_they_are(client: ControlClient, targets: dict[str, Target]) -> None:
    listed = {part.name: part for part in client.parts()}
    assert list(listed) == list(targets)
    assert {part.kind for part in listed.values()} == {"valkey", "service", "link"}
    for name, part in listed.items():
        assert (part.state, part.pids, part.fault) == ("running", targets[name].part.pids, None)
        assert part.endpoints == targets[name].part.endpoints


def test_a_part_is_stopped_and_started_and_a_second_time_is_nothing(client: ControlClient) -> None:
    where = [part.endpoints for part in client.parts()]
    assert [client.stop("valkey-2").already, client.stop("valkey-2").already] == [False, True]
    assert state(client, "valkey-2") == "down"
    assert [client.start("valkey-2").already, client.start("valkey-2").already] == [False, True]
    assert state(client, "valkey-2") == "running"
    assert [part.endpoints for part in client.parts()] == where


def test_two_clients_on_one_part_do_its_work_once(client: ControlClient, targets: dict[str, Target]) -> None:
    part = targets["valkey-2"].part
    for _ in range(3):
        stopped = at_once(*[lambda: client.stop("valkey-2").already] * 4)
        assert sorted(stopped) == [False, True, True, True]
        started = at_once(*[lambda: client.start("valkey-2").already] * 4)
        assert sorted(started) == [False, True, True, True]
        everybody = psutil.process_iter(["cmdline"])
        running = [one.pid for one in everybody if any(f":{part.port}" in word for word in one.info["cmdline"] or ())]
        assert running == part.pids, "one server, and the one that is known"


def test_turns_at_one_part_do_not_overlap() -> None:
    turns, inside, most = Turns(["a"]), 0, 0
    change = threading.Event()

    def work() -> None:
        nonlocal inside, most
        with turns.brief("a"):
            inside += 1
            most = max(most, inside)
            change.wait(0.01)
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result()
    assert most == 1


def test_turns_of_several_parts_are_taken_together_or_not_at_all() -> None:
    turns = Turns(["a", "b"])
    turns.keep(["b"], 1)
    with pytest.raises(PartTaken):
        turns.keep(["a", "b"], 2)
    assert turns.kept == {"b": 1}
    turns.give_back("b")
    turns.keep(["a", "b"], 2)
    assert turns.kept == {"a": 2, "b": 2}


def test_a_fault_is_seen_in_effect_and_seen_healed(client: ControlClient, targets: dict[str, Target]) -> None:
    fault = client.inject(Wanted("pause", "valkey-2"))
    [part] = fault.parts
    assert (part.state, part.healed_ns) == ("in effect", None)
    assert "in state T" in part.evidence
    assert {psutil.Process(pid).status() for pid in targets["valkey-2"].part.pids} == {"stopped"}
    [listed] = [part for part in client.parts() if part.name == "valkey-2"]
    assert (listed.state, listed.fault) == ("paused", fault.id)
    answer = client.heal(fault.id)
    [part] = answer.fault.parts
    assert (answer.already, part.state) == (False, "healed")
    assert part.evidence.endswith("then it answered again")
    assert part.asked_ns <= part.effective_ns <= part.healed_ns
    assert state(client, "valkey-2") == "running"
    assert client.heal(fault.id).already


def test_a_fault_that_is_over_by_itself_is_told_as_healed(client: ControlClient) -> None:
    [part] = client.inject(Wanted("restart_empty", "valkey-2")).parts
    assert part.state == "healed"
    assert "its memory is empty" in part.evidence


def test_a_fault_with_a_time_heals_by_itself(client: ControlClient) -> None:
    fault = client.inject(Wanted("kill", "valkey-2", for_s=0.0))
    assert fault.parts[0].state == "healed"
    assert state(client, "valkey-2") == "running"


def test_a_fault_with_a_longer_time_is_told_at_once_and_ends_later(client: ControlClient) -> None:
    fault = client.inject(Wanted("pause", "valkey-2", for_s=0.4))
    assert fault.parts[0].state == "in effect"
    pause = threading.Event()
    while client.faults().faults[-1].parts[0].state != "healed":
        pause.wait(0.02)
    assert state(client, "valkey-2") == "running"
    assert client.heal(fault.id).already


def test_only_so_many_faults_that_are_over_are_remembered(
    client: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trivet_lab.control.breakage.KEPT_MAX", 2)
    standing = client.inject(Wanted("pause", "valkey-1")).id
    over = [client.inject(Wanted("kill", "valkey-2", for_s=0)).id for _ in range(4)]
    assert [fault.id for fault in client.faults().faults] == [standing, *over[1:]], "the one in effect, two, the newest"
    client.heal(standing)


def test_a_fault_without_effect_is_told_so_and_undone(client: ControlClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_faults()["pause"], "inject", lambda _: None)
    monkeypatch.setattr(find_faults()["pause"], "PATIENCE_S", 0.1)
    [part] = client.inject(Wanted("pause", "valkey-2")).parts
    assert (part.state, part.effective_ns) == ("without effect", None)
    assert "never took effect" in part.evidence
    assert client.stop("valkey-2").already is False, "it has given its part back"


def test_a_link_without_traffic_waits_for_what_it_is_to_cut_and_can_be_healed(
    client: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This fault has no patience: nobody knows when the next COMMIT comes."""
    monkeypatch.setattr("trivet_lab.control.breakage.ANSWER_S", 0.1)
    fault = client.inject(Wanted("cut_after_commit", "inventory-api-1-to-valkey-1"))
    assert fault.parts[0].state == "asked"
    assert client.heal(fault.id).fault.parts[0].state == "without effect"


def test_a_target_with_a_choice_is_chosen_by_the_seed(client: ControlClient) -> None:
    chosen = []
    for seed in (1, 1, 2, 3, 4, 5):
        fault = client.inject(Wanted("pause", "valkey/2", seed=seed))
        chosen.append(tuple(part.part for part in fault.parts))
        client.heal(fault.id)
    assert chosen[0] == chosen[1]
    assert len(set(chosen)) > 1
    assert {len(names) for names in chosen} == {2}


def test_what_a_fault_has_nobody_else_touches(client: ControlClient, targets: dict[str, Target]) -> None:
    fault = client.inject(Wanted("pause", "valkey-2"))
    pids = targets["valkey-2"].part.pids
    for work in (
        lambda: client.stop("valkey-2"),
        lambda: client.start("valkey-2"),
        lambda: client.inject(Wanted("kill", "valkey-2")),
        lambda: client.inject(Wanted("kill", "valkey/all")),
    ):
        with pytest.raises(ControlRefused, match=rf"^fault {fault.id} has valkey-2: heal it first") as refused:
            work()
        assert refused.value.code == "already-exists"
    assert targets["valkey-2"].part.pids == pids
    assert client.stop("valkey-1").already is False, "others are free"
    client.heal(fault.id)


def test_two_clients_break_one_part_and_one_is_told_to_wait(client: ControlClient) -> None:
    for _ in range(3):
        came = at_once(*[lambda: client.inject(Wanted("pause", "valkey-2")).id] * 3)
        [number] = [one for one in came if isinstance(one, int)]
        assert [one for one in came if one != number] == ["already-exists", "already-exists"]
        healed = at_once(*[lambda number=number: client.heal(number).already] * 3)
        assert sorted(healed) == [False, True, True]


def test_what_is_down_cannot_be_broken(client: ControlClient) -> None:
    client.stop("valkey-2")
    with pytest.raises(ControlRefused, match="valkey-2 is down") as refused:
        client.inject(Wanted("kill", "valkey-2"))
    assert refused.value.code == "unavailable"
    client.start("valkey-2")
    assert client.heal(client.inject(Wanted("kill", "valkey-2")).id).already is False, "the refusal kept no turn"


def test_a_fault_that_cannot_even_be_prepared_keeps_no_turn(
    client: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_) -> None:
        raise RuntimeError("a defect in this fault")

    with monkeypatch.context() as patch:
        patch.setattr(find_faults()["pause"], "__init__", fail)
        with pytest.raises(ControlRefused, match="a defect of the lab") as refused:
            client.inject(Wanted("pause", "valkey-2"))
    assert refused.value.code == "internal"
    assert client.heal(client.inject(Wanted("pause", "valkey-2")).id).already is False


def test_everything_is_healed_at_once(client: ControlClient) -> None:
    numbers = [client.inject(Wanted("pause", name)).id for name in ("valkey-1", "valkey-2")]
    assert [fault.id for fault in client.heal_all()] == numbers
    assert client.heal_all() == []
    assert {part.state for part in client.parts()} == {"running"}
    assert [fault.id for fault in client.faults().faults] == numbers
    assert {fault.name for fault in client.faults().possible} == set(find_faults())


@pytest.mark.parametrize("broken", [("inventory-api-1", "valkey-2"), ("valkey-2", "inventory-api-1")])
def test_what_stands_upon_a_broken_part_heals_beside_it(connect, targets, broken) -> None:
    """The replica's start ends when the server is there again, as a start does that waits until it is ready."""
    replica, server = targets["inventory-api-1"], targets["valkey-2"]
    is_back = threading.Event()

    def start_replica(part) -> None:
        if not is_back.wait(5):
            raise PlatformError("not ready: its server is away")
        replica.start(part)

    def start_server(part) -> None:
        server.start(part)
        is_back.set()

    client = connect(
        {
            "inventory-api-1": dataclasses.replace(replica, start=start_replica),
            "valkey-2": dataclasses.replace(server, start=start_server),
        }
    )
    numbers = [client.inject(Wanted("kill", name)).id for name in broken]
    assert [fault.id for fault in client.heal_all()] == numbers
    assert {part.state for part in client.parts()} == {"running"}


def test_a_part_that_does_not_come_back_is_told_and_can_be_tried_again(connect, targets) -> None:
    """The start fails as long as ``broken`` says."""
    broken = True
    real = targets["valkey-2"]

    def start(part) -> None:
        if broken:
            raise PlatformError("no room on the disk")
        real.start(part)

    client = connect({"valkey-2": dataclasses.replace(real, start=start)})
    fault = client.inject(Wanted("kill", "valkey-2"))
    with pytest.raises(ControlRefused, match=r"kill of valkey-2: did not come back: .*no room on the disk") as refused:
        client.heal(fault.id)
    assert refused.value.code == "unavailable"
    assert client.faults().faults[0].parts[0].state == "not well"
    with pytest.raises(ControlRefused, match="heal it first"):
        client.start("valkey-2")
    broken = False
    assert client.heal(fault.id).fault.parts[0].state == "healed"
    client.stop("valkey-2")
    broken = True
    with pytest.raises(ControlRefused, match="no room on the disk"):
        client.start("valkey-2")


def test_a_part_that_starts_where_nobody_looks_for_it_is_not_well(connect, supervisor: Supervisor) -> None:
    part = Valkey("squatted-valkey")
    supervisor.start(part)
    client = connect({"valkey-1": Target("valkey-1", part, supervisor.start, supervisor.directory)})
    told = part.port
    client.stop("valkey-1")
    try:
        with socket.create_server(("127.0.0.1", told)):
            for _ in ("it moves", "it runs already, and still nobody finds it"):
                with pytest.raises(ControlRefused, match=rf"^valkey-1 came back at .+, and everybody knows .+:{told}"):
                    client.start("valkey-1")
        assert part.port != told
    finally:
        part.kill()


def test_a_shop_without_links_says_how_to_get_them(connect, targets) -> None:
    client = connect({"valkey-1": targets["valkey-1"]})
    with pytest.raises(ControlRefused, match=r"\./trivet up --linked"):
        client.inject(Wanted("reset", "inventory-api-1-to-postgres"))
