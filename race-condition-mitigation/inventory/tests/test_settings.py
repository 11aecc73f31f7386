"""Settings that do not go together are refused before anything is started, and the variable is named."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from trivet_chassis import SettingsError, load_settings
from trivet_inventory.bootstrap import build, migrate
from trivet_inventory.entrypoints.cli import main
from trivet_inventory.failpoints import FAILPOINTS
from trivet_inventory.settings import MEMBER, STRATEGIES, Settings

URL = "postgresql://u:p@127.0.0.1:1/nowhere"


def refused(**changes: Any) -> str:
    with pytest.raises(SettingsError) as error:
        build(Settings(**{"database_url": URL, "strategy": "advisory"} | changes))
    (fault,) = error.value.faults
    return fault


def test_naive_is_refused_outside_a_lab() -> None:
    assert refused(strategy="naive").startswith("TRIVET_INVENTORY_STRATEGY=naive")
    with pytest.raises(SettingsError, match="TRIVET_LAB"):
        migrate(Settings(database_url=URL, strategy="naive"))
    assert build(Settings(database_url=URL, strategy="naive", lab="a-run")).strategy.name == "naive"


def test_redlock_needs_independent_masters() -> None:
    assert refused(strategy="redlock").startswith("TRIVET_INVENTORY_VALKEY_URLS is not set")
    twice = ("redis://127.0.0.1:1/0", "redis://127.0.0.1:1/0")
    assert refused(strategy="redlock", valkey_urls=twice).startswith("TRIVET_INVENTORY_VALKEY_URLS")


def test_a_wait_that_the_server_would_end_is_refused() -> None:
    assert refused(lock_wait_ms=2000).startswith("TRIVET_INVENTORY_LOCK_WAIT_MS")


def test_failpoints_are_read_in_a_lab_alone_and_an_unknown_one_is_told_the_known_ones() -> None:
    plan = "inventory.purchase.after_comit=kill"
    fault = refused(failpoints=plan, lab="a-run")
    assert fault.startswith("TRIVET_FAILPOINTS names inventory.purchase.after_comit, which is not here; here are ")
    assert fault.endswith(", ".join(FAILPOINTS))
    build(Settings(database_url=URL, strategy="advisory", failpoints=plan))


def test_every_strategy_that_can_be_chosen_can_be_built() -> None:
    for strategy in STRATEGIES:
        settings = Settings(database_url=URL, strategy=strategy, lab="a-run", valkey_urls=("redis://127.0.0.1:1/0",))
        assert build(settings).strategy.name == strategy


def test_the_variables_are_the_contracts() -> None:
    environ = {
        "TRIVET_INVENTORY_LISTEN": "127.0.0.1:8123",
        "TRIVET_INVENTORY_DATABASE_URL": URL,
        "TRIVET_INVENTORY_VALKEY_URLS": "redis://a:1,redis://b:2",
        "TRIVET_INVENTORY_STRATEGY": "redlock",
        "TRIVET_LAB": "run-1",
        "TRIVET_FAILPOINTS": "inventory.purchase.after_commit=kill",
    }
    settings = load_settings(Settings, MEMBER, environ)
    assert settings.failpoints == "inventory.purchase.after_commit=kill"
    assert (settings.listen, settings.lab) == ("127.0.0.1:8123", "run-1")
    assert settings.valkey_urls == ("redis://a:1", "redis://b:2")
    with pytest.raises(SettingsError, match="TRIVET_INVENTORY_STRATEGY must be one of redlock, advisory, naive"):
        load_settings(Settings, MEMBER, environ | {"TRIVET_INVENTORY_STRATEGY": "hope"})


def run(monkeypatch: pytest.MonkeyPatch, *words: str, **environment: str) -> int:
    monkeypatch.setattr(sys, "argv", ["trivet-inventory", *words])
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        main()
    code: int = ended.value.code or 0
    return code


def test_a_process_that_cannot_start_says_why_in_one_line_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    misspelt = {"TRIVET_LAB": "a-run", "TRIVET_FAILPOINTS": "inventory.purchase.after_commit=die"}
    assert run(monkeypatch, "api", TRIVET_INVENTORY_DATABASE_URL=URL, **misspelt) == 2
    assert "✗ TRIVET_FAILPOINTS has 'inventory.purchase.after_commit=die'" in capsys.readouterr().err
    monkeypatch.delenv("TRIVET_INVENTORY_DATABASE_URL")
    assert run(monkeypatch, "api", TRIVET_INVENTORY_STRATEGY="hope") == 2
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()] == [
        "TRIVET_INVENTORY_DATABASE_URL",
        "TRIVET_INVENTORY_STRATEGY",
    ]


def test_settings_are_told_with_their_values_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"TRIVET_INVENTORY_DATABASE_URL": "postgresql://u:hidden@h/d", "TRIVET_INVENTORY_LOCK_WAIT_MS": "7"}
    assert run(monkeypatch, "settings", "--json", **environment) == 0
    told = capsys.readouterr().out
    settings = {one["variable"]: one for one in json.loads(told)["settings"]}
    assert settings["TRIVET_INVENTORY_LOCK_WAIT_MS"]["value"] == "7"
    assert "hidden" not in told
    assert run(monkeypatch, "settings") == 0
    assert "TRIVET_INVENTORY_LOCK_WAIT_MS = 7" in capsys.readouterr().out
