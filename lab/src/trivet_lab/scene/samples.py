"""Samples a variant's stock through the edge while a crowd buys, for the chart of the report."""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType
from typing import Self

from trivet_lab.evidence import Sample, SampleFile, VariantDirectory
from trivet_lab.scene.edge import EdgeError, request_json
from trivet_lab.topologies import Stage

EVERY_S = 0.25
ITEMS_MAX = 100


class Sampler:
    """A thread that asks ``GET /items`` a few times a second until its block ends.

    What it sees is for the eye alone: no verdict rests on a sample. A sample that fails is left out.
    """

    def __init__(self, stage: Stage, directory: VariantDirectory) -> None:
        """Sample this stage into this variant's ``samples.jsonl``."""
        self._stage = stage
        self._path = directory.samples
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def __enter__(self) -> Self:
        """Start sampling."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take one last sample and stop."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with SampleFile(self._path) as out:
            over = False
            while not over:
                over = self._over.wait(EVERY_S)
                with contextlib.suppress(EdgeError):
                    page = request_json("GET", f"{self._stage.url}/items?limit={ITEMS_MAX}", timeout_s=2)
                    at_ns = time.monotonic_ns() - self._stage.epoch_ns
                    out.write([Sample(at_ns, "stock", item["id"], item["stock"]) for item in page["items"]])
