"""A crowd that checks out, decided before anything starts; what is set up for it, and how its scenario waits."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from trivet_lab.checkers import all_checkers
from trivet_lab.evidence import VariantDirectory
from trivet_lab.load import CheckingOut
from trivet_lab.members import Standing, find_members
from trivet_lab.scenarios import checkout, find_scenarios
from trivet_lab.scenarios.checkout import Parameters, errand_of, plan_of
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Stage
from trivet_lab.verdict import count_checkouts

SCENARIO = find_scenarios()["checkout"]
CHAPTER_LOAD_S_MAX = 15
REST, BUSY = Standing(0, 0), Standing(3, 5)


def cue_of(path: Path, **fields: Any) -> Any:
    stage = Stage("saga", "http://127.0.0.1:1", 0, [], {"order": "postgresql://reader"}, {})
    return SimpleNamespace(**{"stage": stage, "seed": 7, "directory": VariantDirectory(path), "outage_s": 6.5} | fields)


def test_its_crowd_is_a_plan_of_the_size_that_was_asked() -> None:
    plan = plan_of(cue_of(Path("nowhere")), Parameters(customers=9, duration=20, rate=10))
    assert plan.duration_s == pytest.approx(20)
    assert plan.drain_ms == 21_500
    expected = sum(
        phase.duration_s
        * (phase.rate_per_s + (phase.rate_per_s if phase.rate_to_per_s is None else phase.rate_to_per_s))
        / 2
        for phase in plan.phases
    )
    assert expected == pytest.approx(20 * 10)


def test_some_customers_are_poor_and_the_most_wanted_goods_are_scarce() -> None:
    errand = errand_of(7, Parameters(customers=12, goods=6, stock=5))
    openings = [account.opening_minor for account in errand.accounts if account.kind == "customer"]
    assert openings.count(checkout.POOR_MINOR) == 3
    assert [good.stock for good in errand.goods] == [5, 5, 5, *[checkout.PLENTY] * 3]
    assert sorted(errand.goods, key=lambda good: -good.weight) == errand.goods
    assert len({good.unit_price_minor for good in errand.goods}) == 6
    poorest = min(openings)
    assert min(good.unit_price_minor for good in errand.goods) < poorest < max(errand.seat_prices_minor.values())
    assert errand.lease_ms == checkout.LEASE_MS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return a clock that goes only while somebody waits."""
    time = SimpleNamespace(now=0.0)
    time.monotonic = lambda: time.now

    def sleep(seconds: float) -> None:
        time.now += seconds

    time.sleep = sleep
    monkeypatch.setattr(checkout, "time", time)
    return time


def waits(monkeypatch: pytest.MonkeyPatch, under_way: list[Any], standing: list[Standing]) -> None:
    """Wait for rest while this is told, the last of it for ever."""

    def told(left: list[Any]) -> Any:
        now = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(now, psycopg.Error):
            raise now
        return now

    monkeypatch.setattr(checkout, "checkouts_under_way", lambda *_: told(under_way))
    monkeypatch.setattr(checkout, "standing_of", lambda *_: told(standing))
    checkout.come_to_rest(cue_of(Path("nowhere")), find_members(lab_settings().root)["order"])


def test_it_waits_until_every_checkout_ended_and_all_is_told(
    monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace
) -> None:
    waits(monkeypatch, [4, psycopg.OperationalError("away"), 1, 0], [BUSY, REST])
    assert clock.now == pytest.approx(4 * checkout.REST_EVERY_S)


@pytest.mark.parametrize(("under_way", "standing"), [([1], [REST]), ([0], [BUSY])])
def test_it_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace, under_way: list[Any], standing: list[Standing]
) -> None:
    waits(monkeypatch, under_way, standing)
    assert clock.now == pytest.approx(6.5 + checkout.REST_S_MAX, abs=1)


def test_goods_are_offered_for_what_the_plan_says(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(checkout, "request_json", lambda *words, **_: asked.append(words[2]))
    errand: CheckingOut = errand_of(7, Parameters())
    checkout._offer_goods(cue_of(Path("nowhere"), stage=SimpleNamespace(url="u", tokens=lambda *_: {})), errand)
    assert [(body["id"], body["stock"], body["unit_price_minor"]) for body in asked] == [
        (good.id, good.stock, good.unit_price_minor) for good in errand.goods
    ]
    assert {body["currency"] for body in asked} == {errand.currency}


def test_its_rules_are_checkers_and_the_naive_one_breaks_those_of_a_checkout_alone() -> None:
    assert set(SCENARIO.checkers) <= set(all_checkers())
    naive, saga = SCENARIO.variants
    assert (naive.name, naive.expected, naive.lab, naive.breaks) == (
        "naive", "invalid", True, frozenset(checkout.OF_CHECKOUT),
    )  # fmt: skip
    assert (saga.name, saga.expected, saga.lab, saga.breaks) == ("saga", "valid", False, frozenset())
    ways = [variant.settings["order"]["TRIVET_ORDER_CHECKOUT"] for variant in SCENARIO.variants]
    assert ways == ["naive", "saga"]


def test_what_is_no_answer_is_made_in_every_variant() -> None:
    assert SCENARIO.faults.count("cut_answer:order-saga-") == 2


def test_its_chapter_is_short() -> None:
    assert SCENARIO.chapter is not None
    assert SCENARIO.chapter.place == 7
    assert SCENARIO.load_s(SCENARIO.chapter.parameters) * len(SCENARIO.variants) <= CHAPTER_LOAD_S_MAX


def ledger(directory: VariantDirectory, name: str, *rows: dict[str, Any]) -> None:
    directory.ledger(name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_who_paid_something_else_is_counted_and_how_long_it_took(tmp_path: Path) -> None:
    directory = VariantDirectory(tmp_path).create()
    assert count_checkouts(directory) == {}, "no ledger, no figure"
    confirmed, cancelled = "Order Confirmed", "Order Cancelled"
    status = {"right": confirmed, "twice": confirmed, "back": cancelled, "kept": cancelled}
    ledger(directory, "order.orders", *({"order_id": name, "status": each} for name, each in status.items()))
    ledger(directory, "order.order_lines", *({"order_id": name, "price_minor": 5} for name in status))
    took = {"right:charge": 5, "twice:charge:1": 5, "twice:charge:2": 5, "kept:charge": 5}
    charges = [{"key": key, "captured_minor": minor, "refunded_minor": 0} for key, minor in took.items()]
    asked = [charge | {"subject": "order"} for charge in charges]
    ledger(directory, "wallet.charges", *asked, asked[0] | {"subject": "somebody"})
    assert count_checkouts(directory) == {}, "nobody knows how long it took"
    began = "2026-11-26T12:00:00+00:00"
    ends = ["2026-11-26T12:00:00.250000+00:00", "2026-11-26T12:00:02+00:00", None]
    ledger(directory, "order.sagas", *({"created_at": began, "ended_at": end} for end in ends))
    counted = {"confirmed": 2, "wronged": 2, "cancelled": 2, "ended_in_ms_p50": 2000, "ended_in_ms_p99": 2000}
    assert count_checkouts(directory) == counted
    ledger(directory, "wallet.charges", *charges)
    assert count_checkouts(directory) == counted, "a ledger that does not say who asked is read by its keys"
    directory.ledger("wallet.charges").write_text("{")
    assert count_checkouts(directory) == {}
