"""One who asks without end, with real processes: caught where nobody counts, and held off where somebody does."""

from __future__ import annotations

from pathlib import Path

import pytest

from trivet_lab.console import Console
from trivet_lab.evidence import RunDirectory
from trivet_lab.members import find_members
from trivet_lab.runner import Order, record_order, run_order
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop
from trivet_platform import Supervisor

pytestmark = pytest.mark.long
SCENARIO = find_scenarios()["flood"]
MEMBERS = [find_members(lab_settings().root)["inventory"]]


def test_a_flood_is_held_off_and_the_sale_goes_on(tmp_path: Path) -> None:
    parameters = SCENARIO.parameters(duration=3, rate=60)
    run = RunDirectory(tmp_path / "run")
    run.path.mkdir()
    with Supervisor(tmp_path) as platform:
        shop = Shop(platform, {member.name: member for member in MEMBERS}, lab="flood")
        shop.open()
        order = Order(SCENARIO, parameters, SCENARIO.variants, 7, ["run", SCENARIO.name], [])
        record_order(order, run, lab_settings())
        unlimited, limited = run_order(order, run, shop, MEMBERS, Console(plain=True)).variants
    said = {check.name: check.observed for check in limited.checks if check.verdict != "valid"}
    assert (limited.verdict, limited.as_expected) == ("valid", True), said
    assert (unlimited.verdict, unlimited.as_expected) == ("invalid", True)
    assert [check.name for check in unlimited.checks if check.verdict == "invalid"] == ["limits_hold"]
    assert limited.figures["sold"] > 0
