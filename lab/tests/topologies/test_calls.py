"""A process that calls others: the doors that it is led to, its token, its links, and beside whom it runs."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trivet_lab.faults import kind_of
from trivet_lab.members import Member, Process, find_members
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import link_names, part_names
from trivet_lab.topologies.calling import environment_of_calls, scopes_of
from trivet_lab.topologies.names import called
from trivet_lab.topologies.wiring import wire
from trivet_platform import Envoy, Link

DATABASE, VALKEYS = "postgresql://shop:secret@127.0.0.1:5001/shop", "redis://127.0.0.1:600,redis://127.0.0.1:6001"


def member(name: str, *processes: Process, **more: Any) -> Member:
    known = find_members(lab_settings().root)["wallet"]
    return dataclasses.replace(known, name=name, processes=list(processes) or [process("api")], **more)


def process(name: str, *calls: str) -> Process:
    return Process(name, [f"shop-{name}"], 2, http=True, at_writer_only=False, calls=list(calls))


SHOP = member("shop", process("api"), process("worker", "bank", "shelf"), caller_scopes=[])
BANK = member("bank", caller_scopes=["money.any", "money.read"])
SHELF = member("shelf", caller_scopes=["money.read", "stock.settle"])


def test_who_is_called_has_a_door_and_links_lead_to_it_from_each_replica_that_calls() -> None:
    assert called([SHELF, SHOP, BANK]) == ["shelf", "bank"]
    assert "shop-worker-2" in part_names([SHOP, BANK, SHELF])
    links = link_names([SHOP, BANK, SHELF])
    assert {"shop-worker-1-to-bank", "shop-worker-2-to-shelf", "shop-worker-1-to-postgres"} <= set(links)
    assert "shop-api-1-to-bank" not in links
    assert kind_of("shop-worker-1-to-bank") == "link"


def test_without_whom_it_calls_it_is_left_out_and_nobody_has_a_door() -> None:
    assert called([SHOP, BANK]) == []
    assert not [name for name in (*part_names([SHOP, BANK]), *link_names([SHOP, BANK])) if "worker" in name]


class Issuer:
    """Gives tokens that say what they were asked for."""

    def token(self, subject: str, scope: str, lifetime_s: int) -> str:
        return f"{subject}|{scope}|{lifetime_s}"


def test_it_is_told_where_the_doors_are_and_has_a_token_of_its_own_that_nobody_else_can_read(tmp_path: Path) -> None:
    edge: Any = SimpleNamespace(door_url=lambda name: f"http://127.0.0.1:1/{name}")
    issuer: Any = Issuer()
    members = {each.name: each for each in (SHOP, BANK, SHELF)}
    worker = SHOP.processes[1]
    found = environment_of_calls(SHOP, worker, members, edge, issuer, tmp_path)
    file = tmp_path / "shop-worker"
    assert found == {
        "TRIVET_SHOP_BANK_URL": "http://127.0.0.1:1/bank",
        "TRIVET_SHOP_SHELF_URL": "http://127.0.0.1:1/shelf",
        "TRIVET_SHOP_TOKEN_FILE": str(file),
    }
    subject, scope, lifetime_s = file.read_text().split("|")
    assert (subject, scope) == ("shop", "money.any money.read stock.settle")
    assert int(lifetime_s) >= 24 * 3600
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_each_scope_is_asked_for_once() -> None:
    assert scopes_of([BANK, SHELF]) == ["money.any", "money.read", "stock.settle"]


@pytest.fixture
def environment() -> dict[str, str]:
    return {
        "TRIVET_SHOP_DATABASE_URL": DATABASE,
        "TRIVET_SHOP_VALKEY_URLS": VALKEYS,
        "TRIVET_SHOP_BANK_URL": "http://127.0.0.1:7001",
        "TRIVET_SHOP_SHELF_URL": "http://127.0.0.1:7002",
    }


def test_only_what_is_wanted_is_led_over_a_link(environment: dict[str, str]) -> None:
    shop = dataclasses.replace(SHOP, needs={"postgres": 1, "valkey": 2})
    wired, links = wire("saga.shop-worker-1", shop, environment, ["bank", "shelf"], {"bank", "valkey-1"})
    assert {name: link.target for name, link in links.items()} == {
        "bank": "127.0.0.1:7001",
        "valkey-1": "127.0.0.1:600",
    }
    assert links["bank"].name == "saga.shop-worker-1-to-bank"
    assert wired == environment | {
        "TRIVET_SHOP_BANK_URL": f"http://{links['bank'].address}",
        "TRIVET_SHOP_VALKEY_URLS": f"redis://{links['valkey-1'].address},redis://127.0.0.1:6001",
    }


def test_a_database_is_reached_over_its_link_as_the_same_user(environment: dict[str, str]) -> None:
    wired, links = wire("saga.shop-api-1", SHOP, environment, [], {"postgres"})
    assert isinstance(links["postgres"], Link)
    assert wired["TRIVET_SHOP_DATABASE_URL"] == f"postgresql://shop:secret@{links['postgres'].address}/shop"


def test_a_door_that_nobody_opened_has_no_address() -> None:
    with pytest.raises(KeyError):
        Envoy("edge", doors=["bank"]).door_url("till")
