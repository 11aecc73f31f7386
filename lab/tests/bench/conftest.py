"""Checkouts of a few files, and results of samples that a test chooses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.bench import Measured, Result, conclude

PAIRS = [(10.0, 20.0), (11.0, 20.0), (12.0, 20.0), (13.0, 20.0), (14.0, 20.0), (15.0, 20.0)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an empty checkout with one member, ``shop/till``."""
    for folder in ("tools", "lab", "shop/till/bench"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("tools/bootstrap.py", "shop/till/pyproject.toml"):
        (tmp_path / file).touch()
    return tmp_path


@pytest.fixture
def result(root: Path) -> Callable[..., Result]:
    """Return a maker of results."""

    def make(**fields: Any) -> Result:
        usual = {"bench": "till", "unit": "sales/s", "compares": "A till and a drawer.", "pairs": PAIRS}
        return conclude(Measured(**usual | fields), root / "shop" / "till" / "bench" / "till.py", root)

    return make
