"""The page of a run: ``render`` writes it, ``series`` computes what its charts draw."""

from trivet_lab.report import series
from trivet_lab.report.page import render

__all__ = ["render", "series"]
