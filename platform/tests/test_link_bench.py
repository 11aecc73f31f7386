"""The bench of a link measures what it says: its bytes went through a link."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[1] / "bench" / "link.py"


def test_quick(tmp_path: Path) -> None:
    file = tmp_path / "link.json"
    argv = [sys.executable, str(BENCH), "--json", str(file), "--quick"]
    done = subprocess.run(argv, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    trips, bulk = json.loads(file.read_text())
    assert (trips["bench"], bulk["bench"]) == ("link", "link-bulk")
    assert [len(result["pairs"]) for result in (trips, bulk)] == [6, 6]
    # One side really went through the link: its bytes are those of seven times 300 rows of 64 kB, and little more.
    figures = bulk["figures"]
    assert 7 * 300 * 64_000 < figures["bytes by the link"] < 7 * 301 * 64_000 + 2_000_000
    assert figures["dropped by the link"] == figures["cut by the link"] == 0
