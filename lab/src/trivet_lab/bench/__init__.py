"""Benches: what a script measures with, the results it leaves, and the page that they make.

A script ``<member>/bench/<name>.py`` takes pairs (``alternate``, ``against_bound``), says what they are
(``Measured``) and ends in ``bench_main``. What it measures is its own; arithmetic, file and page are the same for all.
"""

from trivet_lab.bench.http import Ceiling, Sent, ceiling_per_s, closed_loop, open_loop, request_bytes
from trivet_lab.bench.interval import median_interval, median_ratio
from trivet_lab.bench.page import line_of, render
from trivet_lab.bench.pairs import against_bound, alternate
from trivet_lab.bench.result import BenchError, Measured, Result, conclude, read_result, read_results, write_results
from trivet_lab.bench.script import Script, bench_main, find_scripts, named_scripts, run_script
from trivet_lab.bench.shelf import Shelf

__all__ = [
    "BenchError",
    "Ceiling",
    "Measured",
    "Result",
    "Script",
    "Sent",
    "Shelf",
    "against_bound",
    "alternate",
    "bench_main",
    "ceiling_per_s",
    "closed_loop",
    "conclude",
    "find_scripts",
    "line_of",
    "median_interval",
    "median_ratio",
    "named_scripts",
    "open_loop",
    "read_result",
    "read_results",
    "render",
    "request_bytes",
    "run_script",
    "write_results",
]
