"""A million operations are judged, all in one pass; how long it takes is measured by hand, never asserted."""

import runpy
from pathlib import Path

import pytest

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import VariantDirectory
from trivet_lab.verdict import combine

write_sale = runpy.run_path(str(Path(__file__).with_name("write_sale.py")))["write_sale"]


def judge_sale(path: Path, operations: int) -> None:
    counts = write_sale(path, operations)
    findings = {finding.name: finding for finding in check_variant(VariantDirectory(path))}
    assert {name: found.observed for name, found in findings.items() if found.verdict != "valid"} == {}
    assert combine(finding.verdict for finding in findings.values()) == "valid"
    assert f"{operations:,} operations" in findings["history_whole"].observed
    assert findings["refusals_legal"].observed.startswith(f"{counts['refused']:,} refusals")
    assert f"{counts['sold']:,} units" in findings["no_oversell"].observed


def test_a_generated_sale_is_valid(tmp_path) -> None:
    judge_sale(tmp_path, 10_000)


@pytest.mark.long
def test_a_million_operations_are_judged(tmp_path) -> None:
    judge_sale(tmp_path, 1_000_000)
