"""The whole shop on one stage: an order goes through every door, and what it needs for that is nobody else's."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import Any

import psutil

from trivet_lab.console import Console
from trivet_lab.evidence import VariantDirectory
from trivet_lab.load import CHECKOUT_SCOPES, STAFF, Account
from trivet_lab.members import find_members
from trivet_lab.scenarios import find_scenarios
from trivet_lab.scenarios.double_spend import open_accounts
from trivet_lab.scene import Cue, request_json
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop, Stage
from trivet_platform import Link, Supervisor

CHECKOUT = find_scenarios()["checkout"]
LINKS = ["order-saga-1-to-wallet", "order-saga-2-to-wallet"]
ENDS = {"Order Confirmed", "Order Cancelled"}
PATIENCE_S = 60
GOOD = {"id": "item-1", "stock": 5, "unit_price_minor": 700, "currency": "EUR"}


def ordered(stage: Stage, key: str, quantity: int) -> dict[str, Any]:
    """Order so many, and return the order as it ended."""
    token = stage.tokens(["ann"], CHECKOUT_SCOPES).get("ann")
    body = {"account_id": "ann", "lines": [{"item_id": "item-1", "quantity": quantity}]}
    made = request_json("POST", f"{stage.url}/orders", body, key=key, token=token)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        order: dict[str, Any] = request_json("GET", f"{stage.url}/orders/{made['id']}", token=token)
        if order["status"] in ENDS:
            return order
        assert time.monotonic() < deadline, f"the order is left at {order['status']}"
        time.sleep(0.1)


def cut(stage: Stage) -> int:
    """Return how many answers were cut."""
    return sum(part.counts()["matched"] for part in stage.parts.values() if isinstance(part, Link))


def test_an_order_goes_through_every_door_whatever_is_lost_at_one(tmp_path: Path) -> None:
    known = find_members(lab_settings().root)
    members = {name: known[name] for name in CHECKOUT.members}
    settings = CHECKOUT.variants[-1].settings
    with Supervisor(tmp_path / "run") as platform:
        shop = Shop(platform, members, lab="whole")
        shop.open()
        with shop.stage("whole", settings, links=LINKS) as stage:
            [token_file] = platform.scratch("tokens").iterdir()
            assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
            assert not token_file.is_relative_to(tmp_path)
            replicas = {program.name: psutil.Process(program.pids[0]) for program in stage.programs}
            servers = {
                name: "".join(one.parent().cmdline()) for name, one in replicas.items() if "reservation" not in name
            }
            assert len(servers) == 12
            assert all("forking.py" in words for words in servers.values()), servers
            cue = Cue(stage, 7, VariantDirectory(tmp_path / "variant").create(), Console(plain=True))
            open_accounts(cue, [Account("ann", "customer", 2_000, "a"), Account("shop", "merchant", 0, "m")], "EUR")
            staff = stage.tokens([STAFF], "items.write").get(STAFF)
            request_json("POST", f"{stage.url}/items", GOOD, key="item-1", token=staff)

            assert ordered(stage, "one", 1)["status"] == "Order Confirmed"
            links = [part for part in stage.parts.values() if isinstance(part, Link)]
            assert {link.target for link in links} == {shop.edge.door_url("wallet").removeprefix("http://")}
            for link in links:
                link.cut_answer()
            token = stage.tokens(["ann"], CHECKOUT_SCOPES).get("ann")
            body = {"account_id": "ann", "lines": [{"item_id": "item-1", "quantity": 1}]}
            made = request_json("POST", f"{stage.url}/orders", body, key="two", token=token)
            deadline = time.monotonic() + PATIENCE_S
            while not cut(stage):
                assert time.monotonic() < deadline, "nobody charged"
                time.sleep(0.05)
            for link in links:
                link.clear()
            again = ordered(stage, "two", 1)
            assert (again["id"], again["status"]) == (made["id"], "Order Confirmed")
            assert ordered(stage, "poor", 1)["status"] == "Order Cancelled"
            assert ordered(stage, "many", 4)["status"] == "Order Cancelled"
    assert not token_file.exists()
