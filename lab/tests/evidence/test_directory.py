from pathlib import Path

from trivet_lab.evidence import create_directory, create_run


def test_latest_links_to_the_newest_run(tmp_path: Path) -> None:
    create_run(tmp_path, "flash-sale", 1)
    second = create_run(tmp_path, "flash-sale", 2)
    assert (tmp_path / "latest").resolve() == second.path


def test_what_is_no_run_leaves_latest_alone(tmp_path: Path) -> None:
    run = create_run(tmp_path, "flash-sale", 1)
    create_directory(tmp_path, "up", 0)
    assert (tmp_path / "latest").resolve() == run.path


def test_two_runs_of_one_second_do_not_share_a_directory(tmp_path: Path) -> None:
    names = {create_run(tmp_path, "flash-sale", 1).name for _ in range(5)}
    assert len(names) == 5


def test_the_variants_that_are_there_are_listed(tmp_path: Path) -> None:
    run = create_run(tmp_path, "flash-sale", 1)
    for name in ("redlock", "advisory", "naive"):
        run.variant(name).create()
    assert [variant.name for variant in run.variants()] == ["advisory", "naive", "redlock"]
