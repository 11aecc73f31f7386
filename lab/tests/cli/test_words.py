import dataclasses
import json
import sys
from pathlib import Path

import pytest

from trivet_lab.cli.app import EXIT_BROKE, application, main
from trivet_lab.cli.faults import faults
from trivet_lab.cli.run import NoSuchStrategy, chosen, words_of
from trivet_lab.cli.tour import chapters
from trivet_lab.cli.which import which_run
from trivet_lab.faults import find_faults
from trivet_lab.scenarios import find_scenarios
from trivet_lab.settings import LabSettings

DECLARED_LOAD_S_MAX = 150
FLASH_SALE = find_scenarios()["flash-sale"]


def test_a_command_that_runs_again_names_only_what_differs() -> None:
    parameters = dataclasses.replace(FLASH_SALE.parameters(), rate=12.5, stock=3)
    words = words_of("flash-sale", parameters, ["redlock"], 7)
    assert " ".join(words) == "run flash-sale --rate 12.5 --stock 3 --strategy redlock --seed 7"
    words = words_of("flash-sale", FLASH_SALE.parameters(), [], 7, "kill:postgres@1s")
    assert " ".join(words) == "run flash-sale --faults kill:postgres@1s --seed 7"


def test_no_named_strategy_means_all_of_them() -> None:
    assert [variant.name for variant in chosen(FLASH_SALE, [])] == ["naive", "advisory", "redlock"]


def test_a_strategy_named_twice_runs_once() -> None:
    assert [variant.name for variant in chosen(FLASH_SALE, ["redlock", "redlock"])] == ["redlock"]


def test_an_unknown_strategy_is_told_with_those_there_are() -> None:
    with pytest.raises(NoSuchStrategy, match="naive, advisory, redlock"):
        chosen(FLASH_SALE, ["optimism"])


@pytest.mark.parametrize("words", [["run", "flash-sale"], ["up"]])
def test_a_misspelt_strategy_costs_one_sentence(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["trivet", *words, "--strategy", "redlok"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == EXIT_BROKE
    assert capsys.readouterr().err == "✗ flash-sale has no strategy 'redlok': it has naive, advisory, redlock\n"


def test_a_fault_that_there_is_not_costs_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no server is started for it."""
    monkeypatch.setattr(sys, "argv", ["trivet", "run", "flash-sale", "--faults", "explode:postgres@1s"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == EXIT_BROKE
    assert capsys.readouterr().err.startswith("✗ there is no fault called 'explode': there are ")


def test_the_faults_are_listed_with_what_each_proves(capsys: pytest.CaptureFixture[str]) -> None:
    assert faults() == 0
    listed = capsys.readouterr().out
    for name, kind in find_faults().items():
        assert f"\n{name} " in listed
        assert kind.PROVES in listed
    assert faults(json=True) == 0
    told = json.loads(capsys.readouterr().out)["faults"]
    assert {fault["name"]: fault["proves"] for fault in told} == {
        name: kind.PROVES for name, kind in find_faults().items()
    }


def test_a_fault_that_this_machine_cannot_do_is_listed_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(find_faults()["clock_jump"], "blocker", lambda: "libfaketime is not installed")
    assert faults() == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("clock_jump ")]
    assert line.endswith("Not on this machine: libfaketime is not installed")
    assert faults(json=True) == 0
    told = {fault["name"]: fault["unavailable"] for fault in json.loads(capsys.readouterr().out)["faults"]}
    assert (told["clock_jump"], told["kill"]) == ("libfaketime is not installed", None)


@pytest.mark.parametrize(
    "words", [["inject", "kill:one"], ["heal"], ["status"], ["parts"], ["start", "postgres"], ["stop", "postgres"]]
)
def test_without_a_shop_there_is_nothing_to_break(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("trivet_lab.cli.faults.lab_settings", lambda: LabSettings(root=tmp_path, plain=True))
    monkeypatch.setattr(sys, "argv", ["trivet", "faults", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == EXIT_BROKE
    assert capsys.readouterr().err == "✗ no shop of this checkout is up: ./trivet up\n"


def test_ctrl_c_reaches_who_says_how_it_ended() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    app = application()
    app.command(interrupted)
    with pytest.raises(KeyboardInterrupt):
        app(["interrupted"], exit_on_error=False)


def test_the_tours_declared_load_is_bounded() -> None:
    loads = [scenario.load_s(chapter.parameters) * len(scenario.variants) for scenario, chapter in chapters()]
    assert 0 < sum(loads) <= DECLARED_LOAD_S_MAX
    assert max(loads) <= 15


def test_a_run_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    settings = LabSettings(root=tmp_path, plain=True)
    for name in ("20260101T000000Z-flash-sale-7", "20260101T000001Z-up-0"):
        (settings.runs / name).mkdir(parents=True)
    (settings.runs / "20260101T000000Z-flash-sale-7" / "run.json").touch()
    with pytest.raises(FileNotFoundError, match=r"the newest runs: 20260101T000000Z-flash-sale-7$"):
        which_run(settings, "nonsense")
