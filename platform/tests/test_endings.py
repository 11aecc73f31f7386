"""However a platform ends, nothing of it is left: no process, no directory, no platform.json."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trivet_platform import sweep
from trivet_platform.proctree import Known, is_alive, know, send

EVERYTHING = ("postgres", "valkey", "paused", "envoy", "service", "family", "forked")


def gone(processes: list[Known]) -> bool:
    return not any(is_alive(known) for known in processes)


def scratch(lab: Any) -> list[Path]:
    found = [Path(text) for text in lab.file()["scratch"]]
    assert all(path.exists() for path in found)
    return found


def test_ctrl_c_stops_everything_once(run_lab: Callable[..., Any]) -> None:
    lab = run_lab(*EVERYTHING)
    everybody, directories = lab.everybody(), scratch(lab)
    lab.interrupt()
    assert lab.popen.wait(60) == -signal.SIGINT
    assert gone(everybody)
    assert not any(path.exists() for path in directories)
    assert not (lab.directory / "platform.json").exists()
    assert lab.log("service") == "asked to end\n"
    assert "database system is shut down" in lab.log("postgres")


def test_a_second_ctrl_c_waits_for_the_first(run_lab: Callable[..., Any], until: Callable[..., Any]) -> None:
    lab = run_lab("stubborn", "valkey")
    everybody = lab.everybody()
    lab.interrupt()
    until(lambda: "asked to end" in lab.log("stubborn"), "the first Ctrl-C reaches the service")
    lab.interrupt()
    lab.hear("stopping already")
    assert not gone(everybody)
    (lab.directory / "end").touch()
    assert lab.popen.wait(60) == -signal.SIGINT
    assert gone(everybody)
    assert lab.log("stubborn") == "asked to end\n"


def test_ctrl_c_while_starting_leaves_nothing(run_lab: Callable[..., Any]) -> None:
    lab = run_lab("valkey", "never")
    lab.hear("waiting for never: not listening on")
    leaders = [pid for part in lab.file()["parts"] for pid in part["pids"]]
    everybody = [known for pid in leaders if (known := know(pid)) is not None]
    assert everybody
    lab.interrupt()
    assert lab.popen.wait(60) == -signal.SIGINT
    assert gone(everybody)
    assert not (lab.directory / "platform.json").exists()


def test_kill_9_of_the_lab_leaves_no_process(run_lab: Callable[..., Any], until: Callable[..., Any]) -> None:
    lab = run_lab(*EVERYTHING)
    everybody, guard, directories = lab.everybody(), lab.guard(), scratch(lab)
    lab.kill()
    until(lambda: gone(everybody), "the guard ends every process")
    until(lambda: gone([guard]), "the guard ends itself")
    assert not any(path.exists() for path in directories)
    assert [sentence.split(":")[0] for sentence in sweep(lab.directory.parent)] == [lab.directory.name]
    assert not (lab.directory / "platform.json").exists()


def test_kill_9_while_starting_leaves_no_process(run_lab: Callable[..., Any], until: Callable[..., Any]) -> None:
    lab = run_lab("never", "valkey")
    lab.hear("waiting for never")
    leaders = [Known(*pair) for part in lab.file()["parts"] for pair in zip(part["pids"], part["started"], strict=True)]
    assert len(leaders) == 2
    assert not gone(leaders)
    lab.kill()
    until(lambda: gone(leaders), "the guard ends what was still starting")


def test_sweep_ends_what_lab_and_guard_left(run_lab: Callable[..., Any], until: Callable[..., Any]) -> None:
    lab = run_lab(*EVERYTHING)
    everybody, guard, directories = lab.everybody(), lab.guard(), scratch(lab)
    runs = lab.directory.parent
    assert sweep(runs) == []
    assert not gone(everybody)

    send(guard, signal.SIGKILL)
    until(lambda: gone([guard]), "the guard is dead")
    lab.kill()
    assert not gone(everybody)

    (sentence,) = sweep(runs)
    assert sentence.startswith(f"{lab.directory.name}: its lab is gone; ended ")
    assert gone(everybody)
    assert not any(path.exists() for path in directories)
    assert sweep(runs) == []


def test_ctrl_c_cleans_up_even_without_a_guard(run_lab: Callable[..., Any], until: Callable[..., Any]) -> None:
    lab = run_lab("postgres", "family")
    everybody, guard, directories = lab.everybody(), lab.guard(), scratch(lab)
    send(guard, signal.SIGKILL)
    until(lambda: gone([guard]), "the guard is dead")
    lab.interrupt()
    assert lab.popen.wait(60) == -signal.SIGINT
    assert gone(everybody)
    assert not any(path.exists() for path in directories)


def test_the_next_start_works_after_kill_9(run_lab: Callable[..., Any], until: Callable[..., Any]) -> None:
    first = run_lab("valkey", "service")
    everybody = first.everybody()
    first.kill()
    second = run_lab("postgres", "valkey")
    assert second.everybody()
    until(lambda: gone(everybody), "the first lab's guard ends its own")
    assert not gone(second.everybody())
