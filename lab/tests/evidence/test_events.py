"""Leases are read out of the logs of processes, some of which were killed over a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from trivet_lab.evidence import Event, LeaseHeld, LeaseOver, collect_events


def line(**fields: Any) -> str:
    """Return a line as a service writes it."""
    common = {"at": "2026-11-23T08:00:00Z", "level": "debug", "member": "inventory", "node": "127.0.0.1:9", **fields}
    return json.dumps(common, separators=(",", ":")) + "\n"


def held(resource: str, fence: int, held_ns: int, until_ns: int) -> str:
    return line(event="lease held", resource=resource, fence=fence, held_ns=held_ns, until_ns=until_ns)


def over(resource: str, fence: int, over_ns: int) -> str:
    return line(event="lease over", resource=resource, fence=fence, over_ns=over_ns)


def collected(folder: Path, **logs: str) -> list[Event]:
    for name, text in logs.items():
        (folder / f"{name}.log").write_text(text)
    path = folder / "events.jsonl"
    collect_events(sorted(folder.glob("*.log")), 1000, path)
    return msgspec.json.Decoder(Event).decode_lines(path.read_bytes()) if path.exists() else []


def test_the_lines_of_all_processes_stand_in_order_of_time_and_count_from_the_epoch(tmp_path: Path) -> None:
    first = line(event="serving") + held("hot", 1, 1010, 1500) + over("hot", 1, 1090)
    second = held("cold", 2, 1020, 1600) + over("cold", 2, 1030) + line(event="stopped")
    assert collected(tmp_path, one=first, two=second) == [
        LeaseHeld("one", "hot", 1, 10, 500),
        LeaseHeld("two", "cold", 2, 20, 600),
        LeaseOver("two", "cold", 2, 30),
        LeaseOver("one", "hot", 1, 90),
    ]


def test_a_line_that_a_kill_tore_is_left_out_even_where_another_process_wrote_on(tmp_path: Path) -> None:
    torn = held("hot", 1, 1010, 1500) + over("hot", 1, 1090)[:-20]
    assert collected(tmp_path, one=torn) == [LeaseHeld("one", "hot", 1, 10, 500)]
    again = torn + line(event="serving") + held("hot", 2, 1100, 1600)
    assert [event.fence for event in collected(tmp_path, one=again)] == [1, 2]


def test_where_nobody_told_anything_there_is_no_file(tmp_path: Path) -> None:
    assert collected(tmp_path, one=line(event="serving"), two="") == []
    assert not (tmp_path / "events.jsonl").exists()
