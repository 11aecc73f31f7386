"""What is kept for Kafka is what the lock says, and is made once, whoever asks at the same time."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trivet_platform import PlatformError, Shelf, kafka_setup
from trivet_platform.kafka_cache import Kept
from trivet_platform.kafka_jars import Jar, NoJars, fetch_jars, find_jars, kafka_version, locked
from trivet_platform.settings import cache_folder, download_environment

NAMES = ("org/one/1.0/one-1.0.jar", "org/two/2.0/two-2.0.jar")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(f"content of {name}")
    return folder


@pytest.fixture
def jars(repository: Path) -> list[Jar]:
    return [Jar(name, hashlib.sha256((repository / name).read_bytes()).hexdigest()) for name in NAMES]


def test_the_lock_names_every_jar_once_by_a_hash() -> None:
    all_of_them = locked()
    assert len({jar.name for jar in all_of_them}) == len(all_of_them) == 45
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in all_of_them)
    assert any(jar.name == f"kafka_2.13-{kafka_version()}.jar" for jar in all_of_them)


def test_what_is_missing_or_damaged_is_fetched_and_nothing_else(
    repository: Path, jars: list[Jar], tmp_path: Path
) -> None:
    folder = tmp_path / "jars"
    assert find_jars(folder, jars) == []
    assert fetch_jars(folder, jars, f"{repository.as_uri()}/") == sum((repository / n).stat().st_size for n in NAMES)
    whole = [folder / "one-1.0.jar", folder / "two-2.0.jar"]
    assert find_jars(folder, jars) == whole
    assert sorted(folder.iterdir()) == whole
    assert fetch_jars(folder, jars, "file:///nowhere") == 0, "what is there needs no network"
    whole[1].write_text("content of another")
    assert find_jars(folder, jars) == []
    assert fetch_jars(folder, jars, repository.as_uri()) == (repository / NAMES[1]).stat().st_size
    assert find_jars(folder, jars) == whole


def test_another_jar_than_the_lock_says_is_not_used(repository: Path, jars: list[Jar], tmp_path: Path) -> None:
    folder = tmp_path / "jars"
    (repository / NAMES[0]).write_text("something else")
    with pytest.raises(NoJars, match=r"one-1\.0\.jar from file://\S+ hashes to .* as the lock says"):
        fetch_jars(folder, jars, repository.as_uri())
    assert not (folder / "one-1.0.jar").exists()


@pytest.mark.parametrize(("state", "words"), [("damaged", "is damaged in"), ("missing", "is not there in")])
def test_without_a_way_to_fetch_a_jar_it_is_told_which(state: str, words: str, jars: list[Jar], tmp_path: Path) -> None:
    folder = tmp_path / "jars"
    folder.mkdir()
    if state == "damaged":
        (folder / "one-1.0.jar").touch()
    with pytest.raises(NoJars, match=rf"one-1\.0\.jar {words} {folder}, and file:///nowhere does not give it"):
        fetch_jars(folder, jars, "file:///nowhere")


@pytest.fixture
def shelf(repository: Path, jars: list[Jar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("TRIVET_PLATFORM_MAVEN_URL", repository.as_uri())
    monkeypatch.setattr(kafka_setup, "_format", lambda _, target: (target / "meta.properties").touch())
    return Shelf(tmp_path / "shelf", jars)


def test_two_set_ups_at_once_train_once(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, until: Callable[..., object]
) -> None:
    said: list[str] = []
    trained = threading.Semaphore(0)
    second = threading.Thread(target=lambda: said.append(kafka_setup.set_up(shelf)))

    def waits() -> bool:
        lock = f":{(shelf.folder / 'lock').stat().st_ino} "
        return any("->" in line and lock in line for line in Path("/proc/locks").read_text().splitlines())

    def train(_: Shelf, kept: Kept, output: Path) -> None:
        assert kept.aot is None
        trained.release()
        if threading.current_thread() is threading.main_thread():
            second.start()
            until(lambda: waits() or not second.is_alive(), "the second waits for the first, or has not waited")
        output.write_text("what Java learnt")

    monkeypatch.setattr(kafka_setup, "_train", train)
    first = kafka_setup.set_up(shelf)
    second.join()
    assert first.startswith("2 jars fetched")
    assert "start cache trained" in first
    assert said == [said[0]]
    assert said[0].startswith("2 jars kept from before")
    assert "start cache kept from before" in said[0]
    assert trained.acquire(blocking=False)
    assert not trained.acquire(blocking=False), "it was trained twice"
    found = shelf.find()
    assert found is not None
    assert found.aot is not None
    assert sorted(path.name.partition("-")[0] for path in shelf.folder.iterdir()) == ["aot", "jars", "lock", "template"]


def test_where_no_cache_can_be_trained_no_broker_waits_for_one_and_a_set_up_tries_again(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PlatformError("no memory is left")

    monkeypatch.setattr(kafka_setup, "_train", fail)
    assert "no start cache" in kafka_setup.set_up(shelf)
    found = shelf.find()
    assert found is not None
    assert (found.aot, found.is_all) == (None, True)
    monkeypatch.setattr(kafka_setup, "_train", lambda _, __, output: output.touch())
    assert "start cache trained" in kafka_setup.set_up(shelf)


def test_a_cache_is_of_the_jars_as_they_lie_there(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_setup, "_train", lambda _, __, output: output.touch())
    kafka_setup.set_up(shelf)
    files = [shelf.jars / jar.name for jar in shelf.locked]
    before = shelf.aot(files)
    os.utime(files[0], (1, 1))
    assert shelf.aot(files) != before, "Java refuses a cache of older jars"
    found = shelf.find()
    assert found is not None
    assert not found.is_all


def test_a_cache_that_nobody_used_for_a_month_goes(shelf: Shelf) -> None:
    ages = {"aot-used": 29, "aot-unused": 31, ".new-halfway": 2, ".new-today": 0}
    for name, days in ages.items():
        (shelf.folder / name).mkdir(parents=True)
        then = time.time() - days * 24 * 3600
        os.utime(shelf.folder / name, (then, then))
    shelf.forget_old()
    assert {path.name for path in shelf.folder.iterdir()} == {"aot-used", ".new-today"}


def test_where_things_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "trivet"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder() == Path("/elsewhere/trivet")
    assert download_environment()["XDG_CACHE_HOME"] == "/elsewhere"
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    assert cache_folder().name == "trivet"
    assert ".cache" in cache_folder().parts
    assert "/elsewhere" not in str(cache_folder())
