from pathlib import Path

import pytest

from trivet_lab.control import NothingUp, find_running
from trivet_lab.settings import LabSettings

DEAD = '{"owner": {"pid": 2147483600, "started": 1}, "environment": {"TRIVET_EDGE_URL": "http://127.0.0.1:1"}}'


def test_a_shop_whose_lab_is_dead_is_not_up(tmp_path: Path) -> None:
    settings = LabSettings(root=tmp_path, plain=True)
    run = settings.runs / "20260101T000000Z-up-0"
    run.mkdir(parents=True)
    (run / "platform.json").write_text(DEAD)
    with pytest.raises(NothingUp, match=r"\./trivet up"):
        find_running(settings.runs)
