"""Settings that do not go together are refused before anything is started, and the variable is named."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from trivet_chassis import SettingsError, load_settings
from trivet_wallet.bootstrap import build, migrate
from trivet_wallet.entrypoints.cli import main
from trivet_wallet.failpoints import FAILPOINTS
from trivet_wallet.settings import MEMBER, STRATEGIES, Settings

URL = "postgresql://u:p@127.0.0.1:1/nowhere"


def refused(**changes: Any) -> str:
    with pytest.raises(SettingsError) as error:
        build(Settings(**{"database_url": URL} | changes))
    (fault,) = error.value.faults
    return fault


def test_naive_is_refused_outside_a_lab() -> None:
    assert refused(strategy="naive").startswith("TRIVET_WALLET_STRATEGY=naive")
    with pytest.raises(SettingsError, match="TRIVET_LAB"):
        migrate(Settings(database_url=URL, strategy="naive"))
    assert build(Settings(database_url=URL, strategy="naive", lab="a-run")).strategy.name == "naive"


def test_lanes_leave_connections_to_fold_and_to_read() -> None:
    assert refused(pool_connections_max=5, lanes=4).startswith("TRIVET_WALLET_POOL_CONNECTIONS_MAX")
    build(Settings(database_url=URL, pool_connections_max=6, lanes=4))


def test_a_lane_is_given_up_before_those_who_wait() -> None:
    assert refused(lane_patience_ms=500, pool_wait_ms=500).startswith("TRIVET_WALLET_LANE_PATIENCE_MS")
    build(Settings(database_url=URL, lane_patience_ms=499, pool_wait_ms=500))


def test_failpoints_are_read_in_a_lab_alone_and_an_unknown_one_is_told_the_known_ones() -> None:
    plan = "wallet.movement.after_comit=kill"
    fault = refused(failpoints=plan, lab="a-run")
    assert fault.startswith("TRIVET_FAILPOINTS names wallet.movement.after_comit, which is not here; here are ")
    assert fault.endswith(", ".join(FAILPOINTS))
    build(Settings(database_url=URL, failpoints=plan))


def test_every_strategy_that_can_be_chosen_can_be_built() -> None:
    for strategy in STRATEGIES:
        assert build(Settings(database_url=URL, strategy=strategy, lab="a-run")).strategy.name == strategy


def test_the_variables_are_the_contracts() -> None:
    environ = {
        "TRIVET_WALLET_LISTEN": "127.0.0.1:8123",
        "TRIVET_WALLET_DATABASE_URL": URL,
        "TRIVET_WALLET_STRATEGY": "optimistic",
        "TRIVET_LAB": "run-1",
        "TRIVET_FAILPOINTS": "wallet.movement.after_commit=kill",
    }
    settings = load_settings(Settings, MEMBER, environ)
    assert (settings.listen, settings.lab, settings.strategy) == ("127.0.0.1:8123", "run-1", "optimistic")
    assert settings.failpoints == "wallet.movement.after_commit=kill"
    with pytest.raises(
        SettingsError, match="TRIVET_WALLET_STRATEGY must be one of select_for_update, optimistic, naive"
    ):
        load_settings(Settings, MEMBER, environ | {"TRIVET_WALLET_STRATEGY": "hope"})


def run(monkeypatch: pytest.MonkeyPatch, *words: str, **environment: str) -> int:
    monkeypatch.setattr(sys, "argv", ["trivet-wallet", *words])
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        main()
    code: int = ended.value.code or 0
    return code


def test_a_process_that_cannot_start_says_why_in_one_line_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    misspelt = {"TRIVET_LAB": "a-run", "TRIVET_FAILPOINTS": "wallet.movement.after_commit=die"}
    assert run(monkeypatch, "api", TRIVET_WALLET_DATABASE_URL=URL, **misspelt) == 2
    assert "✗ TRIVET_FAILPOINTS has 'wallet.movement.after_commit=die'" in capsys.readouterr().err
    monkeypatch.delenv("TRIVET_WALLET_DATABASE_URL")
    assert run(monkeypatch, "api", TRIVET_WALLET_STRATEGY="hope") == 2
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()] == [
        "TRIVET_WALLET_DATABASE_URL",
        "TRIVET_WALLET_STRATEGY",
    ]


def test_settings_are_told_with_their_values_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"TRIVET_WALLET_DATABASE_URL": "postgresql://u:hidden@h/d", "TRIVET_WALLET_LOCK_WAIT_MS": "7"}
    assert run(monkeypatch, "settings", "--json", **environment) == 0
    told = capsys.readouterr().out
    settings = {one["variable"]: one for one in json.loads(told)["settings"]}
    assert settings["TRIVET_WALLET_LOCK_WAIT_MS"]["value"] == "7"
    assert "hidden" not in told
    assert run(monkeypatch, "settings") == 0
    assert "TRIVET_WALLET_LOCK_WAIT_MS = 7" in capsys.readouterr().out
