"""One shop for every crowd under faults, and the choice of those that a quick session runs."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from under_faults import SAMPLED, BrokenShop, broken_shop

from trivet_lab.evidence import commit_of
from trivet_lab.settings import lab_settings

SAMPLE = 3
CHOSEN = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)  # before the marks given on the command line take tests away
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave a few crowds unmarked, others at each commit; the rest is long."""
    crowds = [item for item in items if getattr(item, "originalname", "") == SAMPLED]
    commit = commit_of(lab_settings().root).rstrip("+")
    chance = random.Random(f"crowds {commit}")  # noqa: S311  - a choice of tests, not a secret
    sample = chance.sample(crowds, min(SAMPLE, len(crowds)))
    for item in crowds:
        if item not in sample:
            item.add_marker(pytest.mark.long)
    if crowds:
        names = ", ".join(item.name.partition("[")[2].rstrip("]") for item in sample)
        config.stash[CHOSEN] = f"of {len(crowds)} crowds under faults commit {commit} chose {names}"


def pytest_report_collectionfinish(config: pytest.Config) -> str:
    """Say which crowds were chosen."""
    return config.stash.get(CHOSEN, "")


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokenShop]:
    """Return the shop that all crowds come to."""
    with broken_shop(tmp_path_factory.mktemp("crowds")) as shop:
        yield shop
