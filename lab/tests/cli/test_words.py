import dataclasses
from pathlib import Path

import pytest

from trivet_lab.cli.run import NoSuchStrategy, chosen, words_of
from trivet_lab.cli.tour import DECLARED_LOAD_S_MAX, chapters, declared_load_s
from trivet_lab.cli.which import which_run
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import LabSettings

FLASH_SALE = find_scenarios()["flash-sale"]


def test_a_command_that_runs_again_names_only_what_differs() -> None:
    parameters = dataclasses.replace(FLASH_SALE.parameters(), rate=12.5, stock=3)
    words = words_of("flash-sale", parameters, ["redlock"], 7)
    assert " ".join(words) == "run flash-sale --rate 12.5 --stock 3 --strategy redlock --seed 7"


def test_no_named_strategy_means_all_of_them() -> None:
    assert [variant.name for variant in chosen(FLASH_SALE, [])] == ["naive", "advisory", "redlock"]


def test_a_strategy_named_twice_runs_once() -> None:
    assert [variant.name for variant in chosen(FLASH_SALE, ["redlock", "redlock"])] == ["redlock"]


def test_an_unknown_strategy_is_told_with_those_there_are() -> None:
    with pytest.raises(NoSuchStrategy, match="naive, advisory, redlock"):
        chosen(FLASH_SALE, ["optimism"])


def test_the_tours_declared_load_is_bounded() -> None:
    assert 0 < declared_load_s() <= DECLARED_LOAD_S_MAX
    for scenario, chapter in chapters():
        assert scenario.load_s(chapter.parameters) * len(scenario.variants) <= 15


def test_a_run_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    settings = LabSettings(root=tmp_path, plain=True)
    (settings.runs / "20260101T000000Z-flash-sale-7").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="20260101T000000Z-flash-sale-7"):
        which_run(settings, "nonsense")
