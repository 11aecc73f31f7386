"""Settings that do not go together are refused before anything is started, and the variable is named."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from trivet_chassis import SettingsError, load_settings
from trivet_order.bootstrap import build_api
from trivet_order.entrypoints.cli import main
from trivet_order.failpoints import FAILPOINTS
from trivet_order.settings import MEMBER, Settings

URL = "postgresql://u:p@127.0.0.1:1/nowhere"


def refused(**changes: Any) -> str:
    with pytest.raises(SettingsError) as error:
        build_api(Settings(database_url=URL, **changes))
    (fault,) = error.value.faults
    return fault


def test_failpoints_are_read_in_a_lab_alone_and_an_unknown_one_is_told_the_known_ones() -> None:
    plan = "order.create.after_comit=kill"
    fault = refused(failpoints=plan, lab="a-run")
    assert fault.startswith("TRIVET_FAILPOINTS names order.create.after_comit, which is not here; here are ")
    assert fault.endswith(", ".join(FAILPOINTS))
    build_api(Settings(database_url=URL, failpoints=plan))


def test_without_an_issuer_only_this_machine_is_served() -> None:
    assert refused(listen="0.0.0.0:8000").startswith("TRIVET_ORDER_JWKS_URL")


def test_the_variables_are_the_contracts() -> None:
    environ = {
        "TRIVET_ORDER_LISTEN": "127.0.0.1:8123",
        "TRIVET_ORDER_DATABASE_URL": URL,
        "TRIVET_ORDER_KAFKA_SERVERS": "a:1,b:2",
        "TRIVET_LAB": "run-1",
        "TRIVET_FAILPOINTS": "order.create.after_commit=kill",
    }
    settings = load_settings(Settings, MEMBER, environ)
    assert settings.failpoints == "order.create.after_commit=kill"
    assert (settings.listen, settings.lab) == ("127.0.0.1:8123", "run-1")
    assert settings.kafka_servers == ("a:1", "b:2")
    assert (settings.topic, settings.kafka_cluster, settings.kafka_epoch) == ("order.events", "main", 1)
    with pytest.raises(SettingsError, match="TRIVET_ORDER_OUTBOX_RETENTION_H must be at least 24"):
        load_settings(Settings, MEMBER, environ | {"TRIVET_ORDER_OUTBOX_RETENTION_H": "23"})


def run(monkeypatch: pytest.MonkeyPatch, *words: str, **environment: str) -> int:
    monkeypatch.setattr(sys, "argv", ["trivet-order", *words])
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        main()
    code: int = ended.value.code or 0
    return code


def test_a_process_that_cannot_start_says_why_in_one_line_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "api", TRIVET_ORDER_REQUESTS_MAX="many") == 2
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()] == [
        "TRIVET_ORDER_DATABASE_URL",
        "TRIVET_ORDER_REQUESTS_MAX",
    ]


def test_settings_are_told_with_their_values_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"TRIVET_ORDER_DATABASE_URL": "postgresql://u:hidden@h/d", "TRIVET_ORDER_POOL_WAIT_MS": "7"}
    assert run(monkeypatch, "settings", "--json", **environment) == 0
    told = capsys.readouterr().out
    settings = {one["variable"]: one for one in json.loads(told)["settings"]}
    assert settings["TRIVET_ORDER_POOL_WAIT_MS"]["value"] == "7"
    assert "hidden" not in told
