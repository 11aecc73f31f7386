"""Secrets are in no log, no command line and no file of a run, and whoever looks for them would find them."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey
from leaks import KEEPER, CommandLines, hold_tokens_in, leaks_in, leaks_in_argv
from under_faults import BrokenShop, Case

from trivet_lab.evidence import Attempt, Operation, RunDirectory, encode_operation
from trivet_lab.load import FORGERIES
from trivet_lab.scenarios import find_scenarios
from trivet_platform import Issuer

SECRET = "q3vG-7_secret-of-an-issuer-QmPxT0"
SECRETS = {"the issuer's secret": SECRET}
SIEGE = find_scenarios()["siege"]
RAW = b"\xff\xfe\x00"  # no text


def jwt(claims: dict[str, Any]) -> str:
    return ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (json.dumps({"alg": "EdDSA", "kid": "k"}).encode(), json.dumps(claims).encode(), RAW * 20)
    )


TOKEN = jwt({"sub": "alice", "exp": 1})


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"GET /items {TOKEN} 200", "a token"),
        (json.dumps({"event": "refused", "token": TOKEN}), "a token"),
        (TOKEN.rpartition(".")[0], "a token"),
        (OKPKey.generate_key("Ed25519").as_pem(private=True).decode(), "a private key"),
        (json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)), "a private key of a key set"),
        (repr(ECKey.generate_key("P-256").as_dict(private=True)), "a private key of a key set"),
        ("authorization: Bearer x", "an authorization header"),
        ('{"headers": {"Authorization": "Basic bGFiOng="}}', "an authorization header"),
        ("[(b'authorization', b'Bearer abc')]", "an authorization header"),
        ("curl -H 'Bearer 0123456789abcdef'", "credentials"),
        ("TRIVET_WALLET_DATABASE_URL=postgresql://postgres:f00@127.0.0.1:5432/wallet", "a password in an address"),
        (f"secret={SECRET}", "the issuer's secret"),
    ],
)
@pytest.mark.parametrize(
    "packed",
    [str.encode, lambda text: RAW + text.encode() + RAW, lambda text: gzip.compress(text.encode())],
    ids=["text", "binary", "gzip"],
)
def test_a_secret_in_a_file_is_found(tmp_path: Path, content: str, what: str, packed: Callable[[str], bytes]) -> None:
    log = tmp_path / "variants" / "one" / "log" / "wallet.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(packed(content))
    (tmp_path / "run.json").write_text("{}")
    assert f"variants/one/log/wallet.log holds {what}" in leaks_in(tmp_path, SECRETS)


def test_a_secret_in_a_name_is_found(tmp_path: Path) -> None:
    (tmp_path / f"{TOKEN}.json").touch()
    assert leaks_in(tmp_path, SECRETS) == [f"{TOKEN}.json is named after a token"]


def test_platform_json_holds_secrets_for_its_owner_alone_and_a_token_for_nobody(tmp_path: Path) -> None:
    keeper = tmp_path / KEEPER
    keeper.write_text(json.dumps({"secret": SECRET, "url": "postgresql://postgres:f00@127.0.0.1:5432/postgres"}))
    keeper.chmod(0o600)
    assert leaks_in(tmp_path, SECRETS) == []
    keeper.chmod(0o640)
    assert leaks_in(tmp_path, SECRETS) == [f"{KEEPER} can be read by others: 0640"]
    keeper.chmod(0o600)
    keeper.write_text(f"{SECRET} {TOKEN}")
    assert leaks_in(tmp_path, SECRETS) == [f"{KEEPER} holds a token"]
    keeper.rename(tmp_path / "results.json").write_text(SECRET)
    assert leaks_in(tmp_path, SECRETS) == ["results.json holds the issuer's secret"]


@pytest.mark.parametrize(
    "words",
    [["--secret", SECRET], [f"--url=postgresql://a:b@127.0.0.1/{SECRET}"], ["-H", f"authorization: Bearer {TOKEN}"]],
    ids=["secret", "address", "header"],
)
def test_a_secret_in_a_command_line_is_found_in_children_and_in_theirs(words: list[str]) -> None:
    with CommandLines() as lines:
        subprocess.run([sys.executable, "-c", "", *words], check=True)
    assert leaks_in_argv(lines.seen, SECRETS)
    start = "import json, subprocess, sys; subprocess.run(json.loads(sys.stdin.readline()), check=True)"
    with (
        CommandLines() as lines,
        subprocess.Popen([sys.executable, "-c", start], stdin=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdin
        process.stdin.write(json.dumps([sys.executable, "-c", "input()", *words]) + "\n")
        process.stdin.flush()
        lines.await_word("input()")
        process.stdin.write("\n")
    assert leaks_in_argv(lines.seen, SECRETS)


@pytest.mark.parametrize(
    "innocent",
    [
        '{"challenge": "Bearer error=\\"invalid_token\\""}',
        json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False)),
        '{"d": "M0 0 L10 10", "key": "0b9d5f5e-0b1c-4b1f-9d58-5b1a3f0d2c11"}',
        "http://127.0.0.1:8080/items and redis://127.0.0.1:6379/0",
        "the basic strategies are two",
    ],
)
def test_what_is_no_secret_is_none(tmp_path: Path, innocent: str) -> None:
    (tmp_path / "run.json").write_text(innocent)
    assert leaks_in(tmp_path, SECRETS) == []
    assert leaks_in_argv([["tool", innocent]], SECRETS) == []


def test_a_token_of_a_hold_is_found_by_the_digest_that_a_history_keeps(tmp_path: Path) -> None:
    token = "q3vG-7_token-of-a-hold"
    digest = hashlib.sha256(token.encode()).hexdigest()[:16]
    run = RunDirectory(tmp_path)
    variant = run.variant("setnx").create()
    value = {"id": "h", "token": f"sha256:{digest}"}
    attempt = Attempt(0, 1, 201)
    variant.history.write_bytes(encode_operation(Operation(0, 0, "hold", {"id": "h"}, None, "ok", value, [attempt])))
    assert hold_tokens_in(run) == []
    (variant.logs / "reservation-api-1.log").write_text(json.dumps({"event": "held", "token": token}))
    assert hold_tokens_in(run) == ["variants/setnx/log/reservation-api-1.log holds the token of a hold"]


def test_a_run_and_its_processes_hold_none(broken: BrokenShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A siege has the most of them: tokens of everybody, forged and stolen ones, and an issuer that starts again."""
    given: list[str] = []
    sign = Issuer.tokens

    def signed(issuer: Issuer, *words: Any, **named: Any) -> list[str]:
        tokens = sign(issuer, *words, **named)
        given.extend(tokens)
        return tokens

    monkeypatch.setattr(Issuer, "tokens", signed)
    parameters = dataclasses.replace(SIEGE.parameters(), clients=20, rate=15)
    with CommandLines() as lines:
        shown = broken.send(SIEGE, parameters, "select_for_update", Case((), "kill:issuer@1s+500ms"))
    secrets = broken.secrets() | {f"token {number}": token for number, token in enumerate(given)}
    assert shown.verdicts["impostors_get_nothing"] == "valid", shown.doubts
    assert len(given) > len(FORGERIES)
    assert {"issuing" in " ".join(argv) for argv in lines.seen} == {True, False}
    assert leaks_in(broken.base, secrets) == []
    assert leaks_in_argv(lines.seen, secrets) == []
