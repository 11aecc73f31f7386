"""Every fault that is found takes effect on a real part, and on a part that does not do as it is told it does not."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from trivet_lab.evidence import FaultRecord, PlannedFault, read_faults
from trivet_lab.faults import Conductor, Target, find_faults
from trivet_platform import (
    Conditions,
    Envoy,
    Kafka,
    Link,
    Part,
    Postgres,
    Program,
    Supervisor,
    Valkey,
    bounded_disk_blocker,
    find_libfaketime,
    free_port,
)

SERVICE = Path(__file__).parent / "service.py"
REPLICA, LINK = "inventory-api-1", "inventory-api-1-to-valkey-1"
FAILPOINT = "inventory.purchase.after_commit=kill@3"


class Case(NamedTuple):
    """One fault on one part, and what the evidence says of it."""

    fault: str
    part: str
    says: str
    argument: str = ""


CASES = [
    Case("kill", "valkey-1", "nothing of it lives"),
    Case("pause", "valkey-1", "in state T"),
    Case("restart", "valkey-1", "leads it"),
    Case("restart_empty", "valkey-1", "its memory is empty"),
    Case("clock_jump", "valkey-1", "it shows the machine's time +3,"),
    Case("clock_jump", REPLICA, "it shows the machine's time -9", "-90s"),
    Case("failpoint", REPLICA, '"action":"kill","hit":3', FAILPOINT),
    Case("black_hole", LINK, "bytes swallowed"),
    Case("cut_after_commit", LINK, "COMMITs executed whose answer was lost"),
    Case("cut_answer", LINK, "answers cut as they began"),
    Case("delay", LINK, "bytes held back"),
    Case("half_open", LINK, "bytes sent into nothing"),
    Case("reset", LINK, "connections reset"),
    Case("kill", "envoy", "nothing of it lives"),
    Case("kill", "postgres", "nothing of it lives"),
    Case("pause", "postgres", "in state T"),
    Case("restart", "postgres", "leads it"),
    Case("clock_jump", "postgres", "it shows the machine's time +3,"),
    Case("kill", "kafka", "nothing of it lives"),
    Case("pause", "kafka", "in state T"),
    Case("restart", "kafka", "leads it"),
    Case("disk_full", "postgres", "refused a write with 53100"),
]
MARKS = {
    "clock_jump": pytest.mark.skipif(find_libfaketime() is None, reason="libfaketime is not installed"),
    "disk_full": pytest.mark.skipif(bool(bounded_disk_blocker()), reason="no small filesystem can be mounted here"),
}
PARAMETERS = [pytest.param(case, id=f"{case.fault}-{case.part}", marks=MARKS.get(case.fault, ())) for case in CASES]
Play = Callable[..., FaultRecord]


class Deaf:
    """A part, and what belongs to it, that is told and does nothing: the order is given, and nothing comes of it."""

    ORDERS = frozenset(
        {
            "kill",
            "stop",
            "pause",
            "jump",
            "fill",
            "black_hole",
            "cut_after",
            "cut_answer",
            "delay",
            "half_open",
            "reset",
        }
    )

    def __init__(self, real: Any) -> None:
        self._real = real

    @property
    def __class__(self) -> type:  # type: ignore[override]  # a fault asks what kind of part it has
        return type(self._real)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name in self.ORDERS:
            return lambda *_: None
        return Deaf(found) if name in {"clock", "disk"} and found is not None else found


def needs(fault: str, argument: str = "") -> Conditions:
    """Return a fault's conditions, as far as this machine can give them."""
    kind = find_faults()[fault]
    return Conditions() if kind.blocker() else kind.needs(argument)


@pytest.fixture(scope="module")
def targets(supervisor: Supervisor) -> dict[str, Target]:
    valkey, envoy, kafka = Valkey("every-valkey"), Envoy("every-envoy"), Kafka("every-kafka")
    listen = f"127.0.0.1:{free_port()}"
    words = [sys.executable, str(SERVICE), listen]
    service = Program("every-service", words, listen=listen, ready_url=f"http://{listen}/livez")
    valkey.conditions = service.conditions = needs("clock_jump")
    supervisor.start(valkey, envoy, kafka, service)
    link = Link("every-link", f"127.0.0.1:{urlsplit(valkey.url).port}")
    supervisor.start(link)
    log = supervisor.directory / "log"
    parts = {"valkey-1": valkey, "envoy": envoy, "kafka": kafka, REPLICA: service, LINK: link}
    return {name: Target(name, part, supervisor.start, log / f"{part.name}.log") for name, part in parts.items()}


@pytest.fixture(scope="module")
def database(supervisor: Supervisor) -> Target:
    part = Postgres("every-postgres")
    part.conditions = Conditions(own_clock=needs("clock_jump").own_clock, disk_bytes=needs("disk_full").disk_bytes)
    supervisor.start(part)
    return Target("postgres", part, supervisor.start, supervisor.directory / "log" / f"{part.name}.log")


def talk(address: str, over: threading.Event) -> None:
    """Send COMMIT again and again, on one connection after the other: a command that Valkey refuses, and answers."""
    host, _, port = address.partition(":")
    while not over.is_set():
        try:
            with socket.create_connection((host, int(port)), timeout=0.2) as connection:
                while not over.is_set():
                    connection.sendall(b"COMMIT\r\n")
                    if not connection.recv(100):
                        break
        except OSError:
            continue


def buy(address: str, over: threading.Event) -> None:
    """Buy until the shop is closed, or dies."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        while not over.is_set():
            shop = http.client.HTTPConnection(address, timeout=2)
            shop.request("POST", "/buy-item")
            shop.getresponse().read()
            shop.close()


@contextlib.contextmanager
def traffic(part: Part) -> Iterator[None]:
    """Use a part as the shop's crowd does, where a fault needs somebody to meet."""
    over = threading.Event()
    address, use = {
        Link: lambda: (part.endpoints["tcp"], talk),
        Program: lambda: (part.endpoints["url"].removeprefix("http://"), buy),
    }.get(type(part), lambda: ("", lambda *_: None))()
    using = threading.Thread(target=use, args=(address, over))
    using.start()
    try:
        yield
    finally:
        over.set()
        using.join()


@pytest.fixture
def play(
    targets: dict[str, Target], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Play]:
    """Return what plays a case from asking to healing, on a part that hears or on a deaf one; it returns the record."""

    def course(case: Case, *, deaf: bool = False) -> FaultRecord:
        kind = find_faults()[case.fault]
        known = request.getfixturevalue("database") if case.part == "postgres" else targets[case.part]
        if variables := needs(case.fault, case.argument).variables:
            # What is armed at its start cannot be told later: a deaf one was never armed.
            known.part.stop()
            known.log.write_text("")
            known.part.conditions = dataclasses.replace(known.part.conditions, variables={} if deaf else variables)
            known.start(known.part)
        monkeypatch.setattr(kind, "PATIENCE_S", 0.3 if deaf else 20)
        target = Target(
            known.name,
            Deaf(known.part) if deaf else known.part,
            (lambda _: None) if deaf else (lambda _: known.start(known.part)),
            known.log,
        )
        planned = PlannedFault(case.fault, case.part, [case.part], at_s=0, argument=case.argument)
        path = tmp_path / "faults.jsonl"
        with (
            traffic(known.part),
            Conductor([planned], {case.part: target}, time.monotonic_ns(), path) as conductor,
        ):
            conductor.begin(0)
        [record] = read_faults(path)
        return record

    yield course
    for target in targets.values():
        target.part.resume()
        if not target.part.pids:
            target.start(target.part)


def test_every_fault_that_is_found_has_a_case() -> None:
    assert {case.fault for case in CASES} == set(find_faults())


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_fault_is_asked_seen_and_healed_in_this_order(play: Play, case: Case) -> None:
    record = play(case)
    assert record.asked_ns is not None
    assert record.effective_ns is not None, record.evidence
    assert record.healed_ns is not None, record.evidence
    assert record.asked_ns <= record.effective_ns <= record.healed_ns
    assert case.says in record.evidence
    assert record.evidence.endswith("then it answered again")


@pytest.mark.parametrize("case", PARAMETERS)
def test_on_a_part_that_does_not_do_as_it_is_told_it_never_takes_effect(play: Play, case: Case) -> None:
    record = play(case, deaf=True)
    assert record.asked_ns is not None
    assert record.effective_ns is None
    assert record.evidence.startswith("never took effect")


@pytest.mark.parametrize("fault", [case.fault for case in CASES if case.part == LINK])
def test_a_link_that_nobody_uses_is_not_broken(fault: str, targets: dict[str, Target]) -> None:
    kind = find_faults()[fault]
    broken = kind(targets[LINK])
    broken.inject()
    assert broken.probe() == (False, f"0 {kind.DID}")
    broken.heal()
