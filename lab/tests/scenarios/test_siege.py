"""A siege, decided before anything starts: the crowd of a double spend, who is behind it, and with which tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from trivet_lab.checkers import all_checkers
from trivet_lab.evidence import VariantDirectory
from trivet_lab.load import CUSTOMER_SCOPES, FORGERIES, MALLORY, STOLEN, TILL, TILL_SCOPES, Plan, Siege, Spending
from trivet_lab.mutants import find_mutants
from trivet_lab.scenarios import double_spend, find_scenarios, siege
from trivet_lab.scenarios.siege import Parameters, plan_of
from trivet_lab.settings import lab_settings

SCENARIO = find_scenarios()["siege"]
LOAD_S_MAX = 8


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Asked:
    """A stage whose issuer is asked for tokens and writes down for which."""

    url, epoch_ns = "http://127.0.0.1:1", 0

    def __init__(self) -> None:
        self.tokens_asked: list[tuple[list[str], str, dict[str, Any]]] = []

    def tokens(self, subjects: Sequence[str], scope: str, **how: Any) -> dict[str, str]:
        self.tokens_asked.append((list(subjects), scope, how))
        header = segment({"alg": "EdDSA", "kid": "k", "typ": "at+jwt"})
        claims = {each: segment({"sub": each, "scope": scope, **how}) for each in subjects}
        return {each: f"{header}.{claims[each]}.{each}" for each in subjects}


def cue_of(path: Path, stage: Asked) -> Any:
    return SimpleNamespace(stage=stage, seed=7, directory=VariantDirectory(path), outage_s=0)


def played(monkeypatch: pytest.MonkeyPatch, path: Path, stage: Asked) -> tuple[list[Any], Plan, dict[str, str]]:
    """Play it with nobody there; return which requests were sent first, the crowd, and the tokens beside its own."""
    asked: list[Any] = []
    sent: list[Any] = []

    def take(method: str, url: str, body: dict[str, Any], key: str, token: str | None) -> None:
        assert method == "POST"
        assert not sent
        asked.append((url.removeprefix(stage.url), body, key, token))

    monkeypatch.setattr(double_spend, "request_json", take)
    monkeypatch.setattr(siege, "send_crowd", lambda plan, _, tokens: sent.extend([plan, tokens]))
    SCENARIO.play(cue_of(path, stage), Parameters(customers=2, merchants=1, opening=9))
    plan, tokens = sent
    return asked, plan, tokens


def test_its_crowd_is_that_of_a_double_spend() -> None:
    cue = cue_of(Path("nowhere"), Asked())
    parameters = Parameters(customers=3, merchants=1, duration=20, rate=10, attacked=0.25)
    plan, plain = plan_of(cue, parameters), double_spend.plan_of(cue, parameters)
    errand = plan.errand
    assert isinstance(errand, Siege)
    assert isinstance(plain.errand, Spending)
    assert msgspec.structs.replace(plan, errand=plain.errand) == plain
    assert (errand.accounts, errand.amount_max_minor) == (plain.errand.accounts, plain.errand.amount_max_minor)
    assert (errand.attacked, [account.id for account in errand.impostors]) == (0.25, [MALLORY])
    assert len({account.key for account in [*errand.accounts, *errand.impostors]}) == 5


def test_everybody_has_an_account_and_the_impostor_an_empty_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stage = Asked()
    asked, plan, _ = played(monkeypatch, tmp_path, stage)
    assert isinstance(plan.errand, Siege)
    assert stage.tokens_asked[0] == ([TILL], TILL_SCOPES, {})
    assert {token.split(".")[2] for *_, token in asked} == {TILL}, "the till opens and fills all of them"
    assert [(path, key) for path, _, key, _ in asked] == [
        ("/accounts", "7-customer-1"),
        ("/deposits", "7-customer-1"),
        ("/accounts", "7-customer-2"),
        ("/deposits", "7-customer-2"),
        ("/accounts", "7-shop-1"),
        ("/accounts", f"7-{MALLORY}"),
    ]
    assert asked[-1][1] == {"id": MALLORY, "owner": MALLORY, "kind": "customer", "currency": "EUR"}


def test_there_is_a_token_of_each_kind_and_the_issuer_is_asked_for_those_that_are_stolen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stage = Asked()
    _, _, tokens = played(monkeypatch, tmp_path, stage)
    assert tokens.keys() == FORGERIES.keys() | STOLEN.keys()
    assert len(set(tokens.values())) == len(tokens)
    assert stage.tokens_asked[1:] == [
        ([MALLORY], CUSTOMER_SCOPES, {}),
        *((["customer-1"], CUSTOMER_SCOPES, dict(how)) for how in STOLEN.values()),
    ]
    assert tokens["forged: nonsense"] == "customer-1", "the forged ones are of the victim too"


def test_its_rules_are_checkers_and_a_wallet_that_asks_for_no_owner_breaks_some_of_them() -> None:
    assert set(SCENARIO.checkers) <= set(all_checkers())
    assert set(double_spend.RULES) < set(SCENARIO.checkers)
    assert SCENARIO.checkers.count("impostors_get_nothing") == 1
    unowned, guarded = SCENARIO.variants
    assert (unowned.expected, unowned.lab) == ("invalid", True)
    assert "impostors_get_nothing" in unowned.breaks
    assert unowned.breaks < set(SCENARIO.checkers)
    assert unowned.mutant in find_mutants(lab_settings().root)
    assert (guarded.expected, guarded.lab, guarded.mutant) == ("valid", False, "")
    assert unowned.settings == guarded.settings, "but for the mutant the two are one shop"


def test_its_chapter_is_short() -> None:
    assert SCENARIO.chapter is not None
    assert SCENARIO.load_s(SCENARIO.chapter.parameters) <= LOAD_S_MAX
