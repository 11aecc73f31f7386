"""``docs/benchmarks.md``: a pure function of the results, so that a test can compare the page with them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from trivet_lab.bench.result import CEILING_FACTOR_MIN, Result

HEAD = """# Benchmarks

`./trivet bench` measured these and wrote this page from [docs/benchmarks](benchmarks); it is never edited. Each figure
stands beside a peer or a bound, measured in the same run on the same machine, in pairs that alternate which side comes
first. Absolute figures are that machine's: compare ratios.

- **ours** and **peer** are medians, with the least and the most of the samples.
- **ratio** is the median of the pairs' ratios, more being better: ours / peer, or bound / ours where the peer is a
  bound. Behind it stands its 95 % interval, by the sign test. The interval is of that run: a machine that is in another
  mood at another hour can give a ratio outside of it.
- **bar** is the ratio that was promised before anything was measured, **aim** the one that would be good.
- **met**: ✓ the ratio reaches its bar, ✗ it does not, ? the load generator was nearer than 1.5 times to its own
  ceiling, – nothing was promised.

"""
NOTHING = "Nothing has been measured yet.\n"
_COLUMNS = ["bench", "unit", "ours", "peer", "ratio (95 %)", "bar", "aim", "met"]
_PAIRS_A_LINE = 6


def render(results: Sequence[Result]) -> str:
    """Return the whole page of these results."""
    if not results:
        return HEAD + NOTHING
    ordered = sorted(results, key=lambda result: result.bench)
    rows = [_COLUMNS, ["---"] * len(_COLUMNS), *map(_row, ordered)]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return HEAD + table + "".join(map(_section, ordered))


def line_of(result: Result) -> str:
    """Return a result as one line for a terminal."""
    what = "bound" if result.bound else "peer"
    bar = f", bar {_number(result.bar)}" if result.bar is not None else ""
    return (
        f"{sign_of(result)} {result.bench}: {_number(result.ours)} {result.unit}, {what} {_number(result.peer)}: "
        f"ratio {_ratio(result)}{bar}"
    )


def sign_of(result: Result) -> str:
    """Return what became of its bar as one sign."""
    if result.bar is None:
        return "–"
    return {True: "✓", False: "✗", None: "?"}[result.met]


def _row(result: Result) -> list[str]:
    return [
        f"[{result.bench}](#{result.bench})",
        result.unit,
        _spread([ours for ours, _ in result.pairs]),
        _number(result.peer) if result.bound else _spread([peer for _, peer in result.pairs]),
        _ratio(result),
        _optional(result.bar),
        _optional(result.aim),
        sign_of(result),
    ]


def _section(result: Result) -> str:
    peer = "bound" if result.bound else "peer"
    facts = [
        f"machine: {result.machine.cpus} cores, {result.machine.memory_bytes / 1e9:.0f} GB, {result.machine.platform}, "
        f"Python {result.machine.python}",
        f"commit: `{result.commit}`" + (" (`+`: with changes that are not in it)" if result.commit[-1] == "+" else ""),
        f"again: `./trivet bench {_stem(result)}`, which runs `{result.script}`",
        *([_ceiling(result)] if result.ceiling else []),
        *(f"{name}: {_number(value)}" for name, value in result.figures.items()),
    ]
    listed = "".join(f"- {fact}\n" for fact in facts)
    why = f"\n**Why:** {_why(result)}\n" if _why(result) else ""
    return f"""
## {result.bench}

{result.compares}
{why}
{listed}
{len(result.pairs)} pairs of ours and {peer}, {result.unit}:

```text
{_samples(result)}
```
"""


def _why(result: Result) -> str:
    return result.why or ("the bar is missed, and not explained yet" if result.met is False else "")


def _ceiling(result: Result) -> str:
    if result.ceiling is None:
        return ""
    near = f", below {CEILING_FACTOR_MIN}: the generator may be what was measured" if result.ceiling.too_low else ""
    return (
        f"generator: {_number(result.ceiling.per_s)} requests/s against a bare responder, "
        f"{result.ceiling.factor:.1f} times the {_number(result.ceiling.figure_per_s)} of this bench{near}"
    )


def _samples(result: Result) -> str:
    cells = [f"{_number(ours)} {_number(peer)}" for ours, peer in result.pairs]
    width = max(map(len, cells))
    lines = [cells[at : at + _PAIRS_A_LINE] for at in range(0, len(cells), _PAIRS_A_LINE)]
    return "\n".join("   ".join(cell.ljust(width) for cell in line).rstrip() for line in lines)


def _stem(result: Result) -> str:
    return result.script.rpartition("/")[2].removesuffix(".py")


def _spread(values: Sequence[float]) -> str:
    return f"{_number(statistics.median(values))} ({_number(min(values))} to {_number(max(values))})"


def _ratio(result: Result) -> str:
    if result.ratio_ci95 is None:
        return f"{_number(result.ratio)} (too few pairs)"
    low, high = result.ratio_ci95
    return f"{_number(result.ratio)} ({_number(low)} to {_number(high)})"


def _optional(value: float | None) -> str:
    return "–" if value is None else _number(value)


def _number(value: float | str) -> str:
    """Return a number with three significant digits, whole if it has more before the point."""
    if isinstance(value, str):
        return value
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
