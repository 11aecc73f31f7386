"""Counts what every part of a stage costs while a crowd buys: memory, open descriptors, processes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping

import psutil

from trivet_lab.evidence import Sample, SampleFile, VariantDirectory
from trivet_lab.scene.sampling import Sampling
from trivet_lab.topologies import Stage
from trivet_platform import Part

EVERY_S = 3.0  # finding all processes of twenty parts takes a fifth of a second
LAB, CROWD = "lab", "crowd"


class Census(Sampling):
    """A thread that counts every ``EVERY_S`` until its block ends.

    Memory is the proportional share (PSS), so that what PostgreSQL's backends share is counted once. Descriptors are
    those of the one process that has most, as the system's limit is on one: their sum says how many sessions there are.
    The lab counts itself and its load generator too. A part that is down has no processes and otherwise no sample; a
    process that ends while it is looked at is left out.
    """

    def __init__(self, stage: Stage, directory: VariantDirectory) -> None:
        """Count this stage into this variant's ``samples.jsonl``."""
        super().__init__("census")
        self._parts: Mapping[str, Part] = stage.parts
        self._epoch_ns = stage.epoch_ns
        self._path = directory.samples

    def sample(self) -> None:
        """Count every part until the block ends."""
        with SampleFile(self._path) as out:
            while not self.over.wait(EVERY_S):
                counted = [*self._parts.items(), (LAB, None), (CROWD, None)]
                for label, part in counted:
                    pids = part.pids if part is not None else [os.getpid()] if label == LAB else _crowd()
                    at_ns = time.monotonic_ns() - self._epoch_ns
                    out.write([Sample(at_ns, series, label, value) for series, value in count(pids).items()])


def count(pids: Iterable[int]) -> dict[str, int]:
    """Return what these processes cost, by the name of its series."""
    processes = memory = descriptors = 0
    for pid in pids:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                memory += process.memory_full_info().pss
                descriptors = max(descriptors, process.num_fds())
            processes += 1
        except psutil.Error:
            continue
    found = {"processes": processes}
    return found | {"memory_bytes": memory, "descriptors": descriptors} if processes else found


def _crowd() -> list[int]:
    """Return the load generator, which is a child of this process."""
    found = []
    for child in psutil.Process().children():
        try:
            if "trivet_lab.load" in child.cmdline():
                found.append(child.pid)
        except psutil.Error:
            continue
    return found
