"""Every service's command line tells its settings and its document, and says why it cannot start."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cyclopts
import pytest

from trivet_chassis import (
    SettingsError,
    WrongDatabase,
    add_shared_commands,
    load_settings,
    run_command,
    setting,
    start_command,
)

ENVIRON = {"TRIVET_SHOP_DATABASE_URL": "postgresql://u:hidden@h/d", "TRIVET_SHOP_WAIT_MS": "7"}
Run = Callable[..., int]


@dataclass(frozen=True)
class Example:
    database_url: str = setting("Where the rows are.", secret=True)
    wait_ms: int = setting("How long to wait, in ms.", default=200)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*words: str, environ: dict[str, str] = ENVIRON) -> int:
        app = cyclopts.App(name="shop")
        document: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "Läden"}}
        add_shared_commands(app, Example, "shop", lambda: load_settings(Example, "shop", environ), lambda: document)

        @app.command
        def stumble(over: str) -> None:
            raise WrongDatabase("the database has no tables") if over == "database" else SettingsError(["A is", "B is"])

        monkeypatch.setattr(sys, "argv", ["shop", *words])
        with pytest.raises(SystemExit) as ended:
            run_command(app)
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


def test_settings_are_told_with_their_values_and_without_secrets(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("settings", "--json") == 0
    told = capsys.readouterr().out
    assert {one["variable"]: one["value"] for one in json.loads(told)["settings"]} == {
        "TRIVET_SHOP_DATABASE_URL": "postgresql://u:***@h/d",
        "TRIVET_SHOP_WAIT_MS": "7",
    }
    assert run("settings") == 0
    told = capsys.readouterr().out
    assert "TRIVET_SHOP_WAIT_MS = 7\n    How long to wait, in ms. (whole number; default 200)" in told
    assert "hidden" not in told


def test_settings_that_are_wrong_are_described_beside_their_faults(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("settings", environ={}) == 0
    told = capsys.readouterr()
    assert "TRIVET_SHOP_DATABASE_URL\n    Where the rows are. (text; required)" in told.out
    assert told.err == "✗ TRIVET_SHOP_DATABASE_URL is not set: Where the rows are.\n"
    assert run("settings", "--json", environ={}) == 0
    assert len(json.loads(capsys.readouterr().out)["faults"]) == 1


def test_the_document_is_printed_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openapi") == 0
    told = capsys.readouterr().out
    assert json.loads(told)["openapi"] == "3.1.0"
    assert "Läden" in told


@pytest.mark.parametrize(
    ("over", "sentences"), [("database", "✗ the database has no tables\n"), ("settings", "✗ A is\n✗ B is\n")]
)
def test_a_command_that_cannot_start_says_why_and_ends_with_2(
    over: str, sentences: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("stumble", over) == 2
    assert capsys.readouterr().err == sentences


@pytest.mark.parametrize("words", [("settings",), ("stumble", "database"), ("no-such-command",)])
def test_whatever_ends_a_command_leaves_the_collector_nothing_to_look_at(run: Run, words: tuple[str, ...]) -> None:
    gc.unfreeze()
    try:
        run(*words)
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_a_command_line_is_imported_while_the_collector_rests_and_run_when_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a_shops_commands.py").write_text("""
import gc
import cyclopts

app = cyclopts.App(name="shop")
at_import = gc.isenabled()

@app.command
def collector():
    print(at_import, gc.isenabled())
""")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "argv", ["shop", "collector"])
    try:
        with pytest.raises(SystemExit) as ended:
            start_command("a_shops_commands")
    finally:
        gc.unfreeze()
    assert ended.value.code == 0
    assert capsys.readouterr().out == "False True\n"
