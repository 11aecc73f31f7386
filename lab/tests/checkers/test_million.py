"""A million operations are judged, all in one pass; how long it takes is measured by hand, never asserted."""

import runpy
from pathlib import Path

import pytest

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import VariantDirectory
from trivet_lab.verdict import combine

write_sale = runpy.run_path(str(Path(__file__).with_name("write_sale.py")))["write_sale"]
write_spending = runpy.run_path(str(Path(__file__).with_name("write_spending.py")))["write_spending"]
write_rush = runpy.run_path(str(Path(__file__).with_name("write_rush.py")))["write_rush"]
NOT_WRITTEN = {"audit_proven"}  # there is no service that would audit a generated run


def judge_sale(path: Path, rules: frozenset[str], operations: int) -> None:
    counts = write_sale(path, operations)
    findings = {finding.name: finding for finding in check_variant(VariantDirectory(path), sorted(rules))}
    assert {name: found.observed for name, found in findings.items() if found.verdict != "valid"} == {}
    assert combine(finding.verdict for finding in findings.values()) == "valid"
    assert f"{operations:,} operations" in findings["history_whole"].observed
    assert findings["refusals_legal"].observed.startswith(f"{counts['refused']:,} refusals")
    assert f"{counts['sold']:,} units" in findings["no_oversell"].observed


def judge_spending(path: Path, rules: frozenset[str], operations: int) -> None:
    counts = write_spending(path, operations)
    findings = {finding.name: finding for finding in check_variant(VariantDirectory(path), sorted(rules - NOT_WRITTEN))}
    assert {name: found.observed for name, found in findings.items() if found.verdict != "valid"} == {}
    assert f"{operations:,} operations" in findings["history_whole"].observed
    assert findings["declines_legal"].observed.startswith(f"{counts['declined']:,} declines")
    assert findings["audits_consistent"].observed.startswith(f"{counts['audits']:,} audits")


def judge_rush(path: Path, rules: frozenset[str], operations: int) -> None:
    counts = write_rush(path, operations)
    asked = sorted(rules | {"seats_linearizable"})
    findings = {finding.name: finding for finding in check_variant(VariantDirectory(path), asked)}
    assert {name: found.observed for name, found in findings.items() if found.verdict != "valid"} == {}
    assert findings["refused_holds_legal"].observed.startswith(f"{counts['refused']:,} refusals")
    assert findings["holds_exclusive"].observed.startswith(f"{counts['granted']:,} holds")
    assert findings["no_lost_confirm"].observed.startswith(f"{counts['settled']:,} pins")


def test_a_generated_sale_is_valid(tmp_path, sale_rules) -> None:
    judge_sale(tmp_path, sale_rules, 10_000)


@pytest.mark.long
def test_a_million_operations_are_judged(tmp_path, sale_rules) -> None:
    judge_sale(tmp_path, sale_rules, 1_000_000)


def test_a_generated_run_of_a_wallet_is_valid(tmp_path, bank_rules) -> None:
    judge_spending(tmp_path, bank_rules, 10_000)


@pytest.mark.long
def test_a_million_payments_are_judged(tmp_path, bank_rules) -> None:
    judge_spending(tmp_path, bank_rules, 1_000_000)


def test_a_generated_rush_for_seats_is_valid(tmp_path, seat_rules) -> None:
    judge_rush(tmp_path, seat_rules, 10_000)


@pytest.mark.long
def test_a_million_seats_are_judged(tmp_path, seat_rules) -> None:
    judge_rush(tmp_path, seat_rules, 1_000_000)
