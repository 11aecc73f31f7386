"""Crowds under faults: one shop for all of them, what a case is, and what a run of one has shown."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from trivet_lab.console import Console
from trivet_lab.evidence import FaultRecord, RunDirectory, VariantResult, read_faults
from trivet_lab.faults import plan_faults
from trivet_lab.members import find_members
from trivet_lab.runner import Order, record_order, run_order
from trivet_lab.scenarios import Scenario
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop, link_names, part_names
from trivet_platform import Supervisor, bounded_disk_blocker, find_libfaketime

SEED = 7
SAMPLED = "test_what_was_told_is_true_under_a_fault"
"""The test, in each file of crowds, of whose cases a quick session runs a few."""
ABSENT = {
    "clock_jump": pytest.mark.skipif(find_libfaketime() is None, reason="libfaketime is not installed"),
    "disk_full": pytest.mark.skipif(bool(bounded_disk_blocker()), reason="no small filesystem can be mounted here"),
}


class Case(NamedTuple):
    """One crowd under faults: its strategies, what is broken, settings of the service, and rules beside the usual.

    ``said`` is what PostgreSQL must have written meanwhile, where only it knows that the fault did what it is for.
    """

    strategies: tuple[str, ...]
    faults: str
    own: Mapping[str, str] = MappingProxyType({})
    checkers: tuple[str, ...] = ()
    load_s: float = 4
    said: str = ""


def parametrised(cases: Mapping[str, Case]) -> list[Any]:
    """Return a parameter set for each strategy of each case; what this machine cannot break is skipped."""
    return [
        pytest.param(
            strategy,
            case,
            id=f"{strategy}-{name}",
            marks=[mark for fault, mark in ABSENT.items() if fault in case.faults],
        )
        for name, case in cases.items()
        for strategy in case.strategies
    ]


def both_links(member: str, fault: str, server: str, when: str) -> str:
    """Break the links of both replicas to a server: to them it is the server that is slow, silent or late."""
    return ",".join(f"{fault}:{member}-api-{number}-to-{server}@{when}" for number in (1, 2))


@dataclasses.dataclass(frozen=True)
class Shown:
    """What a run under faults left: the judged variant, its directory, and what PostgreSQL wrote meanwhile."""

    result: VariantResult
    run: RunDirectory
    said: str

    @property
    def verdicts(self) -> dict[str, str]:
        """Return what each checker found."""
        return {check.name: check.verdict for check in self.result.checks}

    @property
    def doubts(self) -> dict[str, str]:
        """Return what those observed that did not find it valid."""
        return {check.name: check.observed for check in self.result.checks if check.verdict != "valid"}

    @property
    def faults(self) -> list[FaultRecord]:
        """Return what became of each fault."""
        return [record for variant in self.run.variants() for record in read_faults(variant.faults)]

    def hold(self, rules: Sequence[str], case: Case) -> None:
        """Fail unless these rules and the case's own were found valid, no other one broken, and the fault was told."""
        must_hold = [*rules, *case.checkers]
        assert {name: self.verdicts[name] for name in must_hold} == dict.fromkeys(must_hold, "valid"), self.doubts
        assert self.result.verdict != "invalid", self.doubts
        assert case.said in self.said


class BrokenShop:
    """A shop that is open for all scenarios, and a crowd at a time that comes while something of it breaks."""

    def __init__(self, base: Path, shop: Shop) -> None:
        self.base = base
        self._shop = shop
        self._numbers = itertools.count(1)

    def secrets(self) -> dict[str, str]:
        """Return what nobody but the shop's own processes may know, by what it is."""
        secret = self._shop.issuer.endpoints["secret"]
        urls = {"owner": self._shop.postgres.url(), "reader": self._shop.postgres.reader_url("postgres")}
        return {
            "the control API's token": json.loads((self.base / "platform.json").read_text())["token"],
            "the issuer's secret": secret,
            "the issuer's secret as a header": base64.b64encode(f"lab:{secret}".encode()).decode(),
            **{f"the database's password of its {role}": str(urlsplit(url).password) for role, url in urls.items()},
        }

    def send(self, scenario: Scenario[Any], parameters: Any, strategy: str, case: Case) -> Shown:
        """Run one variant of a scenario under a case's faults, and judge it."""
        settings = lab_settings()
        known = find_members(settings.root)
        members = [known[name] for name in scenario.members]
        [variant] = [variant for variant in scenario.variants if variant.name == strategy]
        own = {
            member.name: {
                **variant.settings.get(member.name, {}),
                **{member.variable(name.upper()): value for name, value in case.own.items()},
            }
            for member in members
        }
        variant = dataclasses.replace(variant, settings=own, checkers=(*variant.checkers, *case.checkers))
        parts = [*part_names(members), *link_names(members)]
        planned = plan_faults(case.faults, parts, SEED, case.load_s)
        sized = dataclasses.replace(parameters, duration=case.load_s)
        order = Order(scenario, sized, [variant], SEED, ["run", scenario.name], planned)
        run = RunDirectory(self.base / f"run-{next(self._numbers)}")
        run.path.mkdir()
        record_order(order, run, settings)
        log = self._shop.logs / f"{self._shop.postgres.name}.log"
        before = log.stat().st_size
        results = run_order(order, run, self._shop, members, Console(plain=True))
        return Shown(results.variants[0], run, log.read_bytes()[before:].decode(errors="replace"))


@contextmanager
def broken_shop(base: Path) -> Iterator[BrokenShop]:
    """Open a shop with every member."""
    with Supervisor(base) as platform:
        shop = Shop(platform, find_members(lab_settings().root), lab="faults")
        shop.open()
        yield BrokenShop(base, shop)
