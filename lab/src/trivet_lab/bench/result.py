"""What a bench leaves: one JSON object, of which everything but the samples and the words can be computed again."""

from __future__ import annotations

import math
import re
import statistics
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from trivet_lab.bench.interval import median_interval, median_ratio, ratios
from trivet_lab.evidence import Machine, machine

CEILING_FACTOR_MIN = 1.5  # below it the figure is the generator's as much as the server's
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DIGITS = 5  # significant digits that are kept: more would be noise, and a diff of it
# What benches write themselves does not make a checkout another one.
_OWN_OUTPUT = [":(exclude)docs/benchmarks", ":(exclude)docs/benchmarks.md"]


class BenchError(Exception):
    """A bench could not be measured, or a result says what its own samples do not; the sentence says which."""


class Ceiling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an HTTP generator alone can do, requests a second against a bare responder, beside what the bench asked."""

    per_s: float
    figure_per_s: float

    @property
    def factor(self) -> float:
        """How many times the figure the generator could have sent."""
        return self.per_s / self.figure_per_s

    @property
    def too_low(self) -> bool:
        """Whether the generator may have been what was measured."""
        return self.factor < CEILING_FACTOR_MIN


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a script knows of one bench; the rest of a result follows from it.

    Attributes:
        bench: its name, the script's own or that with more behind a hyphen; decides the file.
        unit: of both sides, as ``transfers/s`` or ``ms``.
        compares: one sentence: what ours is, what the peer is, under what load.
        pairs: samples of (ours, peer); of a bound the peer's side is the bound.
        bound: the peer's side is a limit that ours must stay below, in ms or counts; then the bar is 1.
        bar: the ratio that must be reached, None if nothing is promised.
        aim: the ratio that would be good.
        why: what a profile said where the bar is missed, or why there is none; empty if there is nothing to explain.
        ceiling: of the HTTP generator, if there was one.
        figures: further numbers that a reader wants, by what they are, unit last.
    """

    bench: str
    unit: str
    compares: str
    pairs: list[tuple[float, float]]
    bound: bool = False
    bar: float | None = None
    aim: float | None = None
    why: str = ""
    ceiling: Ceiling | None = None
    figures: Mapping[str, float | int | str] = {}


class Result(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bench as it lies in ``docs/benchmarks/<bench>.json``. ``ours`` and ``peer`` are medians over the pairs.

    ``ratio`` is the median of the pairs' ratios, more being better. ``met`` is None where there is no bar, or where
    the generator was too near its ceiling to tell. ``commit`` ends in ``+`` if tracked files differed from it.
    ``script`` is the path from the checkout's root of what measured it.
    """

    schema: int
    bench: str
    unit: str
    ours: float
    peer: float
    machine: Machine
    commit: str
    pairs: list[tuple[float, float]]
    ratio: float
    ratio_ci95: tuple[float, float] | None
    bar: float | None
    aim: float | None
    met: bool | None
    why: str
    compares: str
    script: str
    bound: bool = False
    ceiling: Ceiling | None = None
    figures: dict[str, float | int | str] = {}


def conclude(measured: Measured, script: Path, root: Path) -> Result:
    """Return the result of what was measured here and now, by the script, on the commit that ``root`` has.

    Raises:
        BenchError: the samples are none, or name and bar are not what a result has.
    """
    try:
        result = _concluded(measured, script.resolve().relative_to(root).as_posix(), machine(), commit_measured(root))
    except (ZeroDivisionError, statistics.StatisticsError) as error:
        raise BenchError(f"{measured.bench}: its samples are no pairs of numbers above 0: {measured.pairs}") from error
    if reasons := [*_faults(result)]:
        raise BenchError(f"{measured.bench}: {'; '.join(reasons)}")
    return result


def _concluded(measured: Measured, script: str, where: Machine, commit: str) -> Result:
    pairs = [(_rounded(ours), _rounded(peer)) for ours, peer in measured.pairs]
    interval = median_interval(ratios(pairs, bound=measured.bound))
    ratio = _rounded(median_ratio(pairs, bound=measured.bound))
    bar = 1.0 if measured.bound else measured.bar
    unsure = bar is None or (measured.ceiling is not None and measured.ceiling.too_low)
    return Result(
        schema=1,
        bench=measured.bench,
        unit=measured.unit,
        ours=_rounded(statistics.median(ours for ours, _ in pairs)),
        peer=_rounded(statistics.median(peer for _, peer in pairs)),
        machine=where,
        commit=commit,
        pairs=pairs,
        ratio=ratio,
        ratio_ci95=(_rounded(interval[0]), _rounded(interval[1])) if interval else None,
        bar=bar,
        aim=measured.aim,
        met=None if unsure or bar is None else ratio >= bar,
        why=measured.why,
        compares=measured.compares,
        script=script,
        bound=measured.bound,
        ceiling=measured.ceiling,
        figures=dict(measured.figures),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _faults(result: Result) -> Iterator[str]:
    if result.schema != 1:
        yield f"its schema is {result.schema}, and this lab reads 1"
    if not _NAME.fullmatch(result.bench):
        yield "a bench's name is lower case letters, digits and hyphens"
    if not all(math.isfinite(value) and value > 0 for pair in result.pairs for value in pair):
        yield "a sample is a number above 0"
    if not result.compares or not result.unit:
        yield "it does not say what it compares, and in which unit"
    if result.bound and result.bar != 1:
        yield f"the bar of a bound is 1, not {result.bar}"
    if result.bound and len({peer for _, peer in result.pairs}) > 1:
        yield "a bound is the same in every pair"


def commit_measured(root: Path) -> str:
    """Return the checkout's commit, with ``+`` if tracked files but the benches' own output differ from it."""
    git = ["git", "-C", str(root)]
    words = [*git, "rev-parse", "--short=12", "HEAD"]
    head = subprocess.run(words, text=True, capture_output=True, check=False).stdout.strip()
    if not head:
        return "unknown"
    words = [*git, "diff", "--quiet", "HEAD", "--", ".", *_OWN_OUTPUT]
    differs = subprocess.run(words, capture_output=True, check=False).returncode != 0
    return f"{head}+" if differs else head


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Write one result as an object, several as a list. Not by a rename: ``path`` may be ``/dev/stdout``."""
    found = list(results)
    path.write_bytes(encoded(found[0] if len(found) == 1 else found))


def encoded(value: Result | list[Result]) -> bytes:
    """Return a result as JSON that a person can read and that diffs well: a pair a line."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    number = r"\n\s*(-?[\d.e+-]+)"  # a line break stands in no string
    return (re.sub(rf"\[{number},{number}\n\s*\]", r"[\1, \2]", text) + "\n").encode()


def read_results(path: Path) -> list[Result]:
    """Return the results in a script's file: one object, or a list of them.

    Raises:
        BenchError: it is no such file, or a result says what its own samples do not.
    """
    try:
        found: Any = msgspec.json.decode(path.read_bytes())
        results = msgspec.convert(found if isinstance(found, list) else [found], list[Result])
    except (OSError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BenchError(f"{path}: {error}") from error
    for result in results:
        _agree(path, result)
    return results


def read_result(path: Path) -> Result:
    """Return the one result of ``<bench>.json``; raises ``BenchError`` if it is another one's too."""
    results = read_results(path)
    if [result.bench for result in results] != [path.stem]:
        raise BenchError(f"{path} must hold the bench {path.stem} alone")
    return results[0]


def _agree(path: Path, result: Result) -> None:
    """Compute everything again from the samples, so that no figure, and no verdict, can be set by hand."""
    shared = {name: getattr(result, name) for name in Measured.__struct_fields__}
    try:
        again = _concluded(Measured(**shared), result.script, result.machine, result.commit)
    except (ZeroDivisionError, statistics.StatisticsError) as error:
        raise BenchError(f"{path}: {result.bench} has no samples, or one of them is 0") from error
    reasons = [*_faults(result)]
    reasons += [
        f"{name} is {getattr(result, name)}, and its samples say {getattr(again, name)}"
        for name in result.__struct_fields__
        if getattr(result, name) != getattr(again, name)
    ]
    if reasons:
        raise BenchError(f"{path}: {result.bench}: {'; '.join(reasons)}")
