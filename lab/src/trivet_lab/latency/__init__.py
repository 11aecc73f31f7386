"""Latency as HdrHistogram keeps it: constant-time recording, three digits, and logs that its own tools open."""

from trivet_lab.latency.histogram import Histogram
from trivet_lab.latency.hlog import HlogError, HlogWriter, merge_hlog, merge_hlogs, read_hlog

__all__ = ["Histogram", "HlogError", "HlogWriter", "merge_hlog", "merge_hlogs", "read_hlog"]
