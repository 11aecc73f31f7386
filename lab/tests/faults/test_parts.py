"""What becomes of a fault that comes too late, fails, does not heal, or meets another one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trivet_lab.evidence import FaultRecord, PlannedFault, read_faults
from trivet_lab.faults import Conductor, Fault, FaultFailed, Target, find_faults
from trivet_platform import Conditions, Envoy, Part, Postgres, Program, Supervisor, Valkey

Conduct = Callable[..., FaultRecord]


@pytest.fixture(scope="module")
def parts(supervisor: Supervisor) -> dict[str, Target]:
    valkey, postgres, envoy = Valkey("broken-valkey"), Postgres("broken-postgres"), Envoy("broken-envoy")
    supervisor.start(valkey, postgres, envoy)
    log = supervisor.directory / "log"
    found = {"valkey-1": valkey, "postgres": postgres, "envoy": envoy}
    return {name: Target(name, part, supervisor.start, log / f"{part.name}.log") for name, part in found.items()}


@pytest.fixture
def conduct(parts: dict[str, Target], tmp_path: Path) -> Iterator[Conduct]:
    """Return what plays one fault on one part, and returns its record."""

    def play(fault: str, part: str, for_s: float = 0) -> FaultRecord:
        planned = PlannedFault(fault, part, [part], at_s=0, for_s=for_s)
        path = tmp_path / "faults.jsonl"
        with Conductor([planned], parts, time.monotonic_ns(), path) as conductor:
            conductor.begin(0)
        return read_faults(path)[0]

    yield play
    for target in parts.values():
        target.part.resume()
        if not target.part.pids:
            target.start(target.part)


def test_a_failpoint_takes_effect_when_its_service_says_so(supervisor: Supervisor) -> None:
    words = "inventory.purchase.after_commit=kill@3"
    kind = find_faults()["failpoint"]
    said = '{"event":"failpoint","name":"inventory.purchase.after_commit","action":"kill","hit":3,"pid":1}'
    part = Program("mortal", [sys.executable, "-c", "import time; time.sleep(600)"])
    part.conditions = kind.needs(words)
    supervisor.start(part)
    target = Target("inventory-api-1", part, supervisor.start, supervisor.directory / "log" / "mortal.log")
    fault = kind(target, words)
    fault.inject()
    assert fault.probe() == (False, "inventory.purchase.after_commit was not reached for the 3. time")
    part.kill()
    target.log.write_text(f"some other line\n{said}\n")
    assert fault.probe() == (True, said)
    assert not kind(target, "inventory.purchase.after_commit=kill@4").probe().in_effect
    fault.heal()
    assert part.pids
    assert part.conditions == Conditions()
    part.kill()


def test_a_master_that_remembers_is_no_empty_one(monkeypatch: pytest.MonkeyPatch, parts: dict[str, Target]) -> None:
    valkey = parts["valkey-1"]
    monkeypatch.setattr(valkey.part, "kill", lambda: None)
    fault = find_faults()["restart_empty"](Target("valkey-1", valkey.part, lambda _: None, valkey.log))
    fault.inject()
    assert fault.probe() == (False, "planting a key answered +OK, looking for it :1")
    fault.heal()
    assert fault.probe().in_effect, "the planted key stays behind"


def test_what_is_not_due_before_the_crowd_ends_is_never_asked_for(parts: dict[str, Target], tmp_path: Path) -> None:
    planned = [PlannedFault("kill", "postgres", ["postgres"], at_s=3600)]
    with Conductor(planned, parts, time.monotonic_ns(), tmp_path / "faults.jsonl") as conductor:
        conductor.begin(0)
    [record] = read_faults(tmp_path / "faults.jsonl")
    assert (record.asked_ns, record.effective_ns, record.healed_ns) == (None, None, None)
    assert parts["postgres"].part.blocker() is None


def test_a_crowd_that_never_begins_breaks_nothing(parts: dict[str, Target], tmp_path: Path) -> None:
    planned = [PlannedFault("kill", "postgres", ["postgres"], at_s=0)]
    with Conductor(planned, parts, time.monotonic_ns(), tmp_path / "faults.jsonl"):
        pass
    [record] = read_faults(tmp_path / "faults.jsonl")
    assert record.asked_ns is None


def test_a_part_that_does_not_come_back_breaks_the_lab(
    parts: dict[str, Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_faults()["pause"], "heal", lambda _: None)
    monkeypatch.setattr("trivet_lab.faults._course.HEAL_PATIENCE_S", 0.1)
    planned = [PlannedFault("pause", "valkey-1", ["valkey-1"], at_s=0)]
    try:
        with (
            pytest.raises(FaultFailed, match="pause of valkey-1: not well after"),
            Conductor(planned, parts, time.monotonic_ns(), tmp_path / "faults.jsonl") as conductor,
        ):
            conductor.begin(0)
    finally:
        parts["valkey-1"].part.resume()
    assert read_faults(tmp_path / "faults.jsonl")[0].healed_ns is None


def test_a_part_that_moved_is_not_well(conduct: Conduct, parts: dict[str, Target], supervisor: Supervisor) -> None:
    """Whoever was told the old address never finds it again."""
    target = parts["valkey-1"]
    elsewhere = Valkey("elsewhere")

    def move(part: Part) -> None:
        supervisor.start(elsewhere)
        part._port = elsewhere.port  # type: ignore[attr-defined]  # as a server whose port was taken meanwhile
        part._process = elsewhere._process  # type: ignore[attr-defined]  # and so it is what answers there

    port = target.part._port  # type: ignore[attr-defined]  # to be put back
    parts["valkey-1"] = Target(target.name, target.part, move, target.log)
    try:
        with pytest.raises(FaultFailed, match="it came back at redis://"):
            conduct("kill", "valkey-1")
    finally:
        parts["valkey-1"] = target
        elsewhere.kill()
        target.part._port = port  # type: ignore[attr-defined]  # the address that the other tests know


def test_a_fault_that_fails_has_a_record_all_the_same(
    conduct: Conduct, parts: dict[str, Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Fault) -> None:
        raise RuntimeError(f"no way to break {self.target.name}")

    monkeypatch.setattr(find_faults()["pause"], "inject", fail)
    record = conduct("pause", "valkey-1")
    assert record.asked_ns is not None
    assert record.effective_ns is None
    assert record.evidence.startswith("could not be done: RuntimeError: no way to break valkey-1")
    assert parts["valkey-1"].part.blocker() is None


def test_a_part_whose_address_cannot_be_read_has_a_record_all_the_same(
    conduct: Conduct, parts: dict[str, Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be read once, before the fault: nothing was done then, and the part is as well as it was."""
    kind = type(parts["valkey-1"].part)
    real, asked = kind.endpoints, []

    def endpoints(part: Valkey) -> dict[str, str]:
        asked.append(part.name)
        if len(asked) == 1:
            raise OSError("no file descriptor is left")
        return real.__get__(part)

    monkeypatch.setattr(kind, "endpoints", property(endpoints))
    record = conduct("kill", "valkey-1")
    assert record.effective_ns is None
    assert record.healed_ns is not None
    assert record.evidence == ("could not be done: OSError: no file descriptor is left; then it answered again")


def test_two_faults_on_one_part_wait_for_each_other(parts: dict[str, Target], tmp_path: Path) -> None:
    planned = [PlannedFault(fault, "valkey-1", ["valkey-1"], at_s=0) for fault in ("pause", "kill")]
    with Conductor(planned, parts, time.monotonic_ns(), tmp_path / "faults.jsonl") as conductor:
        conductor.begin(0)
    first, second = read_faults(tmp_path / "faults.jsonl")
    assert first.healed_ns is not None
    assert second.asked_ns is not None
    assert second.effective_ns is not None
    assert first.healed_ns <= second.asked_ns
