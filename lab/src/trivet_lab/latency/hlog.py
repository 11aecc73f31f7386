"""HdrHistogram logs (``.hlog``, format 1.3): one line an interval, each with a whole histogram of its own.

Times in a log are seconds since its base time, which is the run's start; values are microseconds and the
column ``Interval_Max`` is milliseconds, which the log says of itself.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from trivet_lab.latency.codec import CodecError, decode, encode
from trivet_lab.latency.histogram import Histogram

_LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'


class HlogError(ValueError):
    """A log that cannot be read; says the file and the line."""


class HlogWriter:
    """Writes a log, an interval at a time; the file appears with the first interval."""

    def __init__(self, path: Path, base_unix_s: float) -> None:
        self._path = path
        self._base_unix_s = base_unix_s
        self._file: IO[str] | None = None

    def write(self, start_s: float, length_s: float, histogram: Histogram) -> None:
        """Append one interval, ``start_s`` after the base time; an empty histogram writes nothing."""
        if not histogram.count:
            return
        if self._file is None:
            self._file = self._open()
        encoded = base64.b64encode(encode(histogram)).decode()
        self._file.write(f"{start_s:.3f},{length_s:.3f},{histogram.max / 1000:.3f},{encoded}\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> IO[str]:
        file = self._path.open("w", encoding="ascii")
        began = datetime.fromtimestamp(self._base_unix_s, UTC).isoformat(timespec="milliseconds")
        file.write(
            "#[Histogram log format version 1.3]\n"
            "#[Values are microseconds; Interval_Max is milliseconds]\n"
            f"#[StartTime: {self._base_unix_s:.3f} (seconds since epoch), {began}]\n"
            f"#[BaseTime: {self._base_unix_s:.3f} (seconds since epoch)]\n"
            f"{_LEGEND}\n"
        )
        return file


def read_hlog(path: Path) -> list[tuple[float, Histogram]]:
    """Return (seconds since the log's base time, histogram) of every interval; raises ``HlogError``.

    A last line without its newline was being written when the writer died, and is left out.
    """
    intervals: list[tuple[float, Histogram]] = []
    with path.open(encoding="ascii") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith(("#", '"')) or not line.endswith("\n"):
                continue
            fields = line.strip().split(",")
            if fields[0].startswith("Tag="):
                del fields[0]
            try:
                start, _length, _max, encoded = fields
                intervals.append((float(start), decode(base64.b64decode(encoded, validate=True))))
            except (CodecError, binascii.Error, ValueError) as error:
                raise HlogError(f"{path.name} line {number}: {error}") from error
    return intervals


def merge_hlog(path: Path) -> Histogram:
    """Return all intervals of a log as one histogram; empty if the log does not exist, for then nothing was counted."""
    whole = Histogram()
    if path.exists():
        for _, histogram in read_hlog(path):
            whole.merge(histogram)
    return whole


def merge_hlogs(folder: Path, operations: Collection[str] | None) -> Histogram:
    """Return the logs of these operations as one histogram; of all that were counted from their due time when None.

    Raises:
        HlogError: a log cannot be read.
    """
    whole = Histogram()
    for path in sorted(folder.glob("*.hlog")):
        if (path.stem in operations) if operations is not None else not path.stem.endswith(".sent"):
            whole.merge(merge_hlog(path))
    return whole
