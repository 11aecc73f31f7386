"""A crowd that spends, decided before anything starts; and what the scenario does first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trivet_lab.checkers import all_checkers
from trivet_lab.evidence import VariantDirectory
from trivet_lab.load import Plan
from trivet_lab.scenarios import double_spend, find_scenarios
from trivet_lab.scenarios.double_spend import Parameters, plan_of
from trivet_lab.scene import EdgeError
from trivet_lab.topologies import Stage
from trivet_lab.verdict import count_money

SCENARIO = find_scenarios()["double-spend"]
LOAD_S_MAX = 8


def cue_of(path: Path, **fields: Any) -> Any:
    stage = Stage("s", "http://127.0.0.1:1", 0, [], {}, {})
    return SimpleNamespace(**{"stage": stage, "seed": 7, "directory": VariantDirectory(path), "outage_s": 6.5} | fields)


def test_its_crowd_is_a_plan_of_the_size_that_was_asked() -> None:
    plan = plan_of(cue_of(Path("nowhere")), Parameters(customers=3, merchants=1, opening=50, duration=20, rate=10))
    accounts = [(account.id, account.opening_minor) for account in plan.errand.accounts]
    assert accounts == [("customer-1", 50), ("customer-2", 50), ("customer-3", 50), ("shop-1", 0)]
    assert plan.duration_s == pytest.approx(20)
    assert plan.drain_ms == 16_500
    assert len({account.key for account in plan.errand.accounts}) == 4


def test_accounts_are_opened_and_filled_before_anybody_comes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, dict[str, Any], str]] = []
    sent: list[Plan] = []

    def take(method: str, url: str, body: dict[str, Any], key: str, token: str | None) -> None:
        assert (method, token) == ("POST", None)
        assert not sent
        asked.append((url.removeprefix("http://127.0.0.1:1"), body, key))

    monkeypatch.setattr(double_spend, "request_json", take)
    monkeypatch.setattr(double_spend, "send_crowd", lambda plan, _: sent.append(plan))
    SCENARIO.play(cue_of(tmp_path), Parameters(customers=2, merchants=1, opening=9))
    assert [(path, key) for path, _, key in asked] == [
        ("/accounts", "7-customer-1"),
        ("/deposits", "7-customer-1"),
        ("/accounts", "7-customer-2"),
        ("/deposits", "7-customer-2"),
        ("/accounts", "7-shop-1"),
    ]
    assert asked[0][1] == {"id": "customer-1", "owner": "customer-1", "kind": "customer", "currency": "EUR"}
    assert asked[1][1] == {"account_id": "customer-1", "amount_minor": 9}
    assert len(sent) == 1


def test_what_is_asked_first_is_asked_again_while_nobody_knows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers = iter([EdgeError("gone", 503), EdgeError("cut", 0), None, EdgeError("no", 400)])
    asked: list[str] = []

    def answer(_method: str, url: str, _body: object, key: str, token: str | None) -> None:  # noqa: ARG001  - as it is called
        asked.append(f"{url.rsplit('/', 1)[1]} {key}")
        if (error := next(answers)) is not None:
            raise error

    monkeypatch.setattr(double_spend, "request_json", answer)
    monkeypatch.setattr(double_spend, "RETRY_S", 0)
    with pytest.raises(EdgeError, match="no"):
        SCENARIO.play(cue_of(tmp_path), Parameters(customers=2, merchants=1))
    assert asked == [*["accounts 7-customer-1"] * 3, "deposits 7-customer-1"]


def test_its_rules_are_checkers_and_naive_breaks_some_of_them() -> None:
    assert set(SCENARIO.checkers) <= set(all_checkers())
    naive, *guarded = SCENARIO.variants
    assert (naive.name, naive.expected, naive.lab) == ("naive", "invalid", True)
    assert naive.breaks < set(SCENARIO.checkers)
    assert {"no_lost_payment", "no_phantom_payment", "one_effect_a_key"}.isdisjoint(naive.breaks)
    assert [(each.name, each.expected, each.lab) for each in guarded] == [
        ("select_for_update", "valid", False),
        ("optimistic", "valid", False),
    ]


def test_its_chapter_is_short() -> None:
    assert SCENARIO.chapter is not None
    assert SCENARIO.load_s(SCENARIO.chapter.parameters) <= LOAD_S_MAX


def test_what_was_spent_and_what_is_missing_are_counted_from_the_ledgers(tmp_path: Path) -> None:
    directory = VariantDirectory(tmp_path).create()
    assert count_money(directory) == {}
    directory.ledger("wallet.transactions").write_text(
        '{"transaction_id":1,"kind":"deposit"}\n{"transaction_id":2,"kind":"transfer"}\n'
    )
    directory.ledger("wallet.postings").write_text(
        '{"transaction_id":1,"account_id":"x","amount_minor":-50}\n{"transaction_id":1,"account_id":"a","amount_minor":50}\n'
        '{"transaction_id":2,"account_id":"a","amount_minor":-20}\n{"transaction_id":2,"account_id":"b","amount_minor":20}\n'
    )
    directory.ledger("wallet.accounts").write_text(
        '{"account_id":"x","balance_minor":-50}\n{"account_id":"a","balance_minor":50}\n'
        '{"account_id":"b","balance_minor":20}\n'
    )
    assert count_money(directory) == {"spent": 20, "lost": 20}
    directory.ledger("wallet.accounts").write_text('{"account_id":"x","bal')
    assert count_money(directory) == {}
