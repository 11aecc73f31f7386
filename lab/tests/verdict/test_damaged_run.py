"""A run's directory in which something is torn, empty or gone is judged unknown; it never stops the judge."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trivet_lab.checkers import all_checkers
from trivet_lab.evidence import DamagedRecord, PlannedVariant, VariantDirectory, read_record
from trivet_lab.scenarios import find_scenarios
from trivet_lab.verdict import count_stock, judge, judge_variant

PLANNED = PlannedVariant("redlock", "valid", [])
SCENARIOS = find_scenarios()
OF_OTHERS = {
    rule for name in ("double-spend", "seat-rush", "orders", "checkout") for rule in SCENARIOS[name].checkers
} - set(SCENARIOS["flash-sale"].checkers)
OF_ATTACKS = {"impostors_get_nothing", "limits_hold"}
LONELY = {"contention", "stock_holds_consistent"}  # one buyer competes with nobody, and holds nothing
CHECKERS = sorted(set(all_checkers()) - OF_OTHERS - OF_ATTACKS - LONELY)
PURCHASE = '{"purchase_id":"p","item_id":"a","key":"k","quantity":1,"item_version":1,"stock_after":0,"fence":1}\n'
OPERATION = (
    '{"op":0,"client":0,"f":"buy","args":{"item_id":"a","quantity":1},"key":"k","outcome":"ok",'
    '"value":{"purchase_id":"p","stock":0},"attempts":[{"call_ns":1,"return_ns":1000000001,"status":200}]}\n'
)
FAULT = '{"fault":"pause","target":"valkey-1","asked_ns":0,"effective_ns":1,"healed_ns":1,"evidence":"in state T"}\n'

HELD = '{"event":"lease held","process":"%s","resource":"a","fence":%d,"held_ns":%d,"until_ns":%d}\n'
OVER = '{"event":"lease over","process":"%s","resource":"a","fence":%d,"over_ns":%d}\n'
LEASES = HELD % ("one", 1, 0, 10) + HELD % ("two", 2, 20, 90) + OVER % ("two", 2, 30) + OVER % ("one", 1, 40)


@pytest.fixture
def variant(tmp_path: Path) -> VariantDirectory:
    """Return a sale of one unit, which is whole."""
    directory = VariantDirectory(tmp_path / "redlock").create()
    directory.history.write_text(OPERATION)
    directory.plan.write_text('{"errand":{"kind":"sale","items":[{"id":"a","stock":1}]}}')
    directory.load.write_text('{"over_budget":[],"ended":{"ok":1}}')
    directory.ledger("inventory.items").write_text('{"id":"a","initial_stock":1,"stock":0,"item_version":1}\n')
    directory.ledger("inventory.purchases").write_text(PURCHASE)
    directory.ledger("inventory.restocks").write_text("")
    (directory.latency / "buy.hlog").write_text("")
    directory.faults.write_text(FAULT)
    directory.events.write_text(LEASES)
    census = '{"at_ns":%d,"series":"memory_bytes","label":"envoy","value":1}\n'
    directory.samples.write_text("".join(census % (at_s * 1_000_000_000) for at_s in range(0, 121, 4)))
    return directory


def remove(path: Path) -> None:
    path.unlink()


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9] or b"torn\n")


def spoil(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\n")


def test_what_is_whole_is_judged_by_its_rules(variant: VariantDirectory) -> None:
    result = judge_variant(variant, PLANNED, CHECKERS, count_stock(variant))
    assert {c.name: c.observed for c in result.checks if c.verdict != "valid"} == {}


@pytest.mark.parametrize("damage", [remove, tear, spoil])
@pytest.mark.parametrize(
    "name",
    [
        "history.jsonl",
        "load.json",
        "plan.json",
        "faults.jsonl",
        "samples.jsonl",
        "ledger/inventory.items.jsonl",
        "ledger/inventory.purchases.jsonl",
    ],
)
def test_damage_is_judged_and_never_green(variant: VariantDirectory, damage: Callable[[Path], None], name: str) -> None:
    damage(variant.path / name)
    result = judge_variant(variant, PLANNED, CHECKERS, count_stock(variant))
    assert result.verdict == "unknown"
    assert judge([result]).exit_code == 2


@pytest.mark.parametrize("damage", [remove, spoil])
def test_a_figure_that_is_gone_is_no_verdict(variant: VariantDirectory, damage: Callable[[Path], None]) -> None:
    damage(variant.latency / "buy.hlog")
    result = judge_variant(variant, PLANNED, CHECKERS, count_stock(variant))
    assert (result.verdict, result.latency_ms.max) == ("valid", 0.0)


def test_a_variant_that_was_never_played_is_unknown(tmp_path: Path) -> None:
    absent = VariantDirectory(tmp_path / "absent")
    assert judge_variant(absent, PLANNED, CHECKERS, count_stock(absent)).verdict == "unknown"


def test_figures_count_what_can_be_read(variant: VariantDirectory) -> None:
    with variant.history.open("a") as history:
        history.write('{"op":1,"cl')
    result = judge_variant(variant, PLANNED, ["history_whole"], count_stock(variant))
    assert (result.outcomes, result.per_s, result.figures) == ({"200": 1}, 1.0, {"sold": 1, "oversold": 0})


def test_of_half_a_ledger_nothing_is_counted(variant: VariantDirectory) -> None:
    with variant.ledger("inventory.purchases").open("a") as ledger:
        ledger.write(PURCHASE[:-9])
    assert count_stock(variant) == {}


@pytest.mark.parametrize("content", ["", "{", "{}", "[]"])
def test_a_damaged_record_is_told_with_its_path(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(DamagedRecord, match=r"run\.json is damaged"):
        read_record(path)
