"""The bench of a link measures what it says, and its arithmetic is right."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "bench" / "link.py"
FIGURES = {"unit", "ours", "peer", "pairs", "ratio", "ratio_ci95"}
MEMBERS = FIGURES | {"schema", "bench", "machine", "commit", "bar", "aim", "met", "why"}


def test_quick(tmp_path: Path) -> None:
    file = tmp_path / "link.json"
    argv = [sys.executable, str(BENCH), "--json", str(file), "--quick"]
    done = subprocess.run(argv, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    assert found.keys() >= MEMBERS
    assert found["bulk"].keys() == FIGURES
    for part in (found, found["bulk"]):
        ratios = [ours / peer for ours, peer in part["pairs"]]
        assert len(ratios) == 6
        assert math.isclose(part["ratio"], math.prod(ratios) ** (1 / 6), rel_tol=0.01)
        low, high = part["ratio_ci95"]
        assert min(ratios) * 0.99 <= low <= part["ratio"] <= high <= max(ratios) * 1.01
    # One side really went through the link: its bytes are those of seven times 300 rows of 64 kB, and little more.
    assert 7 * 300 * 64_000 < found["link_counts"]["bytes"] < 7 * 301 * 64_000 + 2_000_000
    assert found["link_counts"]["dropped"] == found["link_counts"]["cut"] == 0
    assert "round trips/s through a link" in done.stderr
