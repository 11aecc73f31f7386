"""What real processes cost is counted, children and all; what is down costs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from trivet_lab.evidence import VariantDirectory, read_samples
from trivet_lab.scene import Census
from trivet_lab.scene.census import count
from trivet_platform import Supervisor, Valkey

MIB = 1024 * 1024
HUNGRY = """
import subprocess, sys
kept = [open("/dev/null") for _ in range(100)], bytearray(b"x") * (50 << 20)
child = subprocess.Popen(["sleep", "600"], pass_fds=[file.fileno() for file in kept[0][:50]])
print("fed", flush=True)
sys.stdin.read()
child.kill()
"""


def test_memory_descriptors_and_children_are_counted() -> None:
    words = [sys.executable, "-c", HUNGRY]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"fed\n"
        children = [child.pid for child in psutil.Process(process.pid).children()]
        cost = count([process.pid, *children])
        process.communicate(b"")
    assert cost["processes"] == 2
    assert 100 <= cost["descriptors"] < 110, "of the one that has most, not of both"
    assert 50 * MIB <= cost["memory_bytes"] < 90 * MIB


def test_what_is_gone_costs_nothing_but_is_counted_as_none() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert count([process.pid]) == {"processes": 0}
    assert count([]) == {"processes": 0}
    assert count([process.pid, os.getpid()])["processes"] == 1


def test_a_census_counts_parts_and_the_lab_until_it_ends(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trivet_lab.scene.census.EVERY_S", 0.01)
    living, dead = Valkey("counted-valkey"), Valkey("uncounted-valkey")
    supervisor.start(living, dead)
    dead.kill()
    directory = VariantDirectory(tmp_path)
    stage = SimpleNamespace(parts={"valkey-1": living, "valkey-2": dead}, epoch_ns=0)
    pause = threading.Event()
    with Census(stage, directory):
        while not directory.samples.exists() or directory.samples.read_bytes().count(b'"crowd"') < 2:
            pause.wait(0.02)
    samples = list(read_samples(directory.samples))
    found = {(sample.label, sample.series) for sample in samples}
    assert {"memory_bytes", "descriptors", "processes"} == {series for label, series in found if label == "valkey-1"}
    assert {"memory_bytes", "descriptors", "processes"} == {series for label, series in found if label == "lab"}
    assert {series for label, series in found if label == "valkey-2"} == {"processes"}
    assert {sample.value for sample in samples if sample.label == "valkey-2"} == {0}
    assert [sample.at_ns for sample in samples] == sorted(sample.at_ns for sample in samples)
