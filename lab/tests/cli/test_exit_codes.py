"""How a command ends is told by its exit code; 1 is kept for a verdict that differs."""

import pytest

from trivet_lab.cli import app
from trivet_lab.evidence import DamagedRecord
from trivet_lab.members import CommandError
from trivet_lab.topologies import StageFailed


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (StageFailed("a replica is gone"), 254, "✗ a replica is gone"),
        (CommandError("the command trivet-till is not installed"), 254, "✗ the command trivet-till is not installed"),
        (DamagedRecord("run.json is damaged"), 254, "✗ run.json is damaged"),
        (ZeroDivisionError("a defect of the lab"), 254, "ZeroDivisionError: a defect of the lab"),
        (LookupError("no such checker"), 254, "LookupError: no such checker"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_what_stops_a_command_is_no_verdict(
    error: BaseException,
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(app, "application", lambda: stopped)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == code
    assert says in capsys.readouterr().err
