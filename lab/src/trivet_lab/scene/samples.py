"""Samples a variant's stock through the edge while a crowd buys, for the chart of the report."""

from __future__ import annotations

import contextlib
import time

from trivet_lab.evidence import Sample, SampleFile, VariantDirectory
from trivet_lab.scene.edge import EdgeError, request_json
from trivet_lab.scene.sampling import Sampling
from trivet_lab.topologies import Stage

EVERY_S = 0.25
ITEMS_MAX = 100
READER = "sampler"


class Sampler(Sampling):
    """A thread that asks ``GET /items`` a few times a second until its block ends.

    What it sees is for the eye alone: no verdict rests on a sample. A sample that fails is left out.
    """

    def __init__(self, stage: Stage, directory: VariantDirectory) -> None:
        """Sample this stage into this variant's ``samples.jsonl``."""
        super().__init__("sampler")
        self._stage = stage
        self._path = directory.samples

    def sample(self) -> None:
        """Ask for the stock until the block ends, and once more then."""
        with SampleFile(self._path) as out:
            token = self._stage.tokens([READER], "items.read").get(READER)
            over = False
            while not over:
                over = self.over.wait(EVERY_S)
                with contextlib.suppress(EdgeError):
                    page = request_json("GET", f"{self._stage.url}/items?limit={ITEMS_MAX}", timeout_s=2, token=token)
                    at_ns = time.monotonic_ns() - self._stage.epoch_ns
                    out.write([Sample(at_ns, "stock", item["id"], item["stock"]) for item in page["items"]])
