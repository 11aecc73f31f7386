from __future__ import annotations

import pytest

from trivet_lab import console
from trivet_lab.console import Console


@pytest.mark.parametrize(("seconds", "most"), [(5, 2), (60, 15), (600, 61), (3600, 61)])
def test_a_long_load_says_no_more_than_can_be_read(
    seconds: int, most: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    with Console(plain=True).meter("redlock", seconds) as meter:
        for at_s in range(seconds + 1):
            now[0] = float(at_s)
            meter.show(at_s, "so many sold")
    lines = capsys.readouterr().err.splitlines()
    assert most * 0.7 - 1 <= len(lines) <= most
