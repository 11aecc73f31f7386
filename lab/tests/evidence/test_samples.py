from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trivet_lab.evidence import Sample, SampleFile, read_samples


def test_writers_that_share_a_file_tear_and_lose_nothing(tmp_path: Path) -> None:
    """Batches are larger than a buffer would be, and all writers begin at once."""
    path, together = tmp_path / "samples.jsonl", threading.Barrier(4)
    names = [f"{series}-{'x' * 40}" for series in "abcd"]

    def write(series: str) -> None:
        with SampleFile(path) as out:
            together.wait()
            for at_ns in range(30):
                out.write([Sample(at_ns, series, f"item-{number}", number) for number in range(200)])

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, name) for name in names]:
            done.result()
    assert Counter(sample.series for sample in read_samples(path)) == dict.fromkeys(names, 30 * 200)


def test_no_samples_write_no_line(tmp_path: Path) -> None:
    with SampleFile(tmp_path / "samples.jsonl") as out:
        out.write([])
    assert (tmp_path / "samples.jsonl").read_bytes() == b""
