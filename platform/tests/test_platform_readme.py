"""The README's examples run as they stand, each as a program of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = re.findall(
    r"^```python\n(.*?)^```", (Path(__file__).parents[1] / "README.md").read_text(), re.MULTILINE | re.DOTALL
)
SHOWN = [
    [r"\[\('front-row', 100\)\]", r"postgresql://.*/shop redis://127\.0\.0\.1:\d+/0"],
    [r"the edge is at http://127\.0\.0\.1:\d+", "/items 200", "/items 200", "/metrics 404"],
    [r"kept after SIGKILL: \['sold front-row', 'sold gallery'\]"],
    [r"alice may items\.buy items\.read at trivet", r"\['EdDSA', 'ES256'\]", r"\['ES256'\]"],
    ["1 404", "2 404", "3 429", "4 429"],
    [r"the client knows nothing, and the table has \[\('front-row',\)\]", "1 answer was lost"],
]


@pytest.mark.parametrize(("code", "shown"), list(zip(EXAMPLES, SHOWN, strict=True)))
def test_example(code: str, shown: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"TMPDIR": str(tmp_path), "HOME": str(Path.home())},  # a Kafka starts from what is kept there
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(shown)
    for line, pattern in zip(lines, shown, strict=True):
        assert re.fullmatch(pattern, line), line
