"""Chart series of a variant, ``samples.jsonl``: one number of one thing at one instant a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec


class Sample(msgspec.Struct, frozen=True, gc=False):
    """``value`` of ``label`` in ``series`` at ``at_ns``: the stock of an item, the memory of a part."""

    at_ns: int
    series: str
    label: str
    value: int


class SampleFile:
    """Appends samples. Several writers may hold one file.

    Race: two threads sample different series of one variant. Each batch of whole lines is one append of the kernel's
    (O_APPEND, no buffer of ours), so none is overwritten or torn, and what was sampled is there when the lab is killed.
    """

    def __init__(self, path: Path) -> None:
        """Append to this file."""
        self._file = path.open("ab", buffering=0)
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> Self:
        """Write."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._file.close()

    def write(self, samples: Sequence[Sample]) -> None:
        """Append these."""
        if samples:
            self._file.write(self._encoder.encode_lines(samples))


def read_samples(path: Path) -> Iterator[Sample]:
    """Yield every sample; raises ``FileNotFoundError`` or ``msgspec.DecodeError``."""
    decoder = msgspec.json.Decoder(Sample)
    with path.open("rb") as lines:
        for line in lines:
            yield decoder.decode(line)
