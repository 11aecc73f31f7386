"""One shop for every sale under faults, and the choice of those that a quick session runs."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from trivet_lab.console import Console
from trivet_lab.evidence import RunDirectory, VariantResult, commit_of
from trivet_lab.faults import plan_faults
from trivet_lab.members import Member, find_members
from trivet_lab.runner import Order, record_order, run_order
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop, link_names, part_names
from trivet_platform import Supervisor

SAMPLE = 3
SALES = "test_what_was_told_is_true_under_a_fault"
SCENARIO = find_scenarios()["flash-sale"]
PARAMETERS = dataclasses.replace(SCENARIO.parameters(), clients=60, rate=30, duration=4, items=5, stock=8)
Sell = Callable[..., tuple[VariantResult, RunDirectory]]
SAMPLED = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)  # before the marks given on the command line take tests away
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave a few sales unmarked, others at each commit; the rest is long."""
    sales = [item for item in items if getattr(item, "originalname", "") == SALES]
    commit = commit_of(lab_settings().root).rstrip("+")
    chance = random.Random(f"sales {commit}")  # noqa: S311  - a choice of tests, not a secret
    sample = chance.sample(sales, min(SAMPLE, len(sales)))
    for item in sales:
        if item not in sample:
            item.add_marker(pytest.mark.long)
    if sales:
        names = ", ".join(item.name.partition("[")[2].rstrip("]") for item in sample)
        config.stash[SAMPLED] = f"of {len(sales)} sales under faults commit {commit} chose {names}"


def pytest_report_collectionfinish(config: pytest.Config) -> str:
    """Say which sales were chosen."""
    return config.stash.get(SAMPLED, "")


@pytest.fixture(scope="session")
def sell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sell]:
    """Return what sells under faults on one shop for all tests, and returns the judged variant."""
    settings = lab_settings()
    base = tmp_path_factory.mktemp("sale")
    numbers = itertools.count(1)
    members: Sequence[Member] = [find_members(settings.root)["inventory"]]
    with Supervisor(base) as platform:
        shop = Shop(platform, {member.name: member for member in members}, lab="faults")
        shop.open()

        def run(
            strategy: str, faults: str, *, checkers: Sequence[str] = (), load_s: float = PARAMETERS.duration, **own: str
        ) -> tuple[VariantResult, RunDirectory]:
            [variant] = [variant for variant in SCENARIO.variants if variant.name == strategy]
            inventory = dict(variant.settings["inventory"]) | {
                f"TRIVET_INVENTORY_{name.upper()}": value for name, value in own.items()
            }
            variant = dataclasses.replace(
                variant, settings={"inventory": inventory}, checkers=(*variant.checkers, *checkers)
            )
            parameters = dataclasses.replace(PARAMETERS, duration=load_s)
            parts = [*part_names(members), *link_names(members)]
            planned = plan_faults(faults, parts, 7, load_s)
            order = Order(SCENARIO, parameters, [variant], 7, ["run", "flash-sale"], planned)
            path = base / f"run-{next(numbers)}"
            path.mkdir()
            directory = RunDirectory(path)
            record_order(order, directory, settings)
            results = run_order(order, directory, shop, members, Console(plain=True))
            return results.variants[0], directory

        yield run
