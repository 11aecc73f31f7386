"""A token is had of the shop that is up, for whom and for what it is asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.cli import token as command
from trivet_lab.cli.token import CUSTOMER
from trivet_lab.control.running import NothingUp, Running
from trivet_platform import Issuer, Supervisor


@pytest.fixture(scope="module")
def issuer(supervisor: Supervisor) -> Iterator[Issuer]:
    part = Issuer("cli-issuer")
    supervisor.start(part)
    yield part
    part.kill()


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch, issuer: Issuer) -> None:
    running = Running(Path("platform.json"), {}, "token", {"issuer": issuer.endpoints})
    monkeypatch.setattr(command, "find_running", lambda _: running)


@pytest.mark.usefixtures("up")
def test_a_customers_token_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.token(as_="bob") == 0
    told = claims(capsys.readouterr().out.strip())
    assert (told["sub"], told["scope"].split()) == ("bob", list(CUSTOMER))


@pytest.mark.usefixtures("up")
def test_it_grants_what_was_asked_for_and_ends_then(capsys: pytest.CaptureFixture[str]) -> None:
    command.token(as_="carol", scope=("items.write", "accounts.any"), lifetime_s=60, json=True)
    answer = json.loads(capsys.readouterr().out)
    told = claims(answer["access_token"])
    assert (told["scope"], told["exp"] - told["iat"], answer["expires_in"]) == ("items.write accounts.any", 60, 60)


def test_without_an_issuer_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_running", lambda _: Running(Path("platform.json"), {}, "token", {}))
    with pytest.raises(NothingUp, match="has no issuer"):
        command.token()
