"""What the sweep leaves alone."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trivet_platform import alive, sweep
from trivet_platform.proctree import boot_id, know


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    popen = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    yield popen
    popen.kill()
    popen.wait()


@pytest.fixture
def document(sleeper: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What a lab that is dead wrote about a process that lives."""
    process = know(sleeper.pid)
    assert process is not None
    part = {"name": "one", "pids": [process.pid], "started": [process.started], "endpoints": {}, "log": "one.log"}
    owner = {"pid": os.getpid(), "started": 1}
    return {
        "schema": 1,
        "platform": uuid.uuid4().hex,
        "boot": boot_id(),
        "owner": owner,
        "parts": [part],
        "scratch": [],
    }


def write(runs: Path, document: object) -> Path:
    path = runs / "run" / "platform.json"
    path.parent.mkdir()
    path.write_text(json.dumps(document))
    return path


def test_a_dead_labs_process_is_ended(
    tmp_path: Path, document: dict[str, Any], sleeper: subprocess.Popen[bytes]
) -> None:
    path = write(tmp_path, document)
    (tmp_path / "latest").symlink_to("run")
    assert sweep(tmp_path) == ["run: its lab is gone; ended 1 processes and removed 0 directories it left"]
    assert sleeper.wait() == -9
    assert not path.exists()


def test_a_living_lab_is_left_alone(tmp_path: Path, document: dict[str, Any], sleeper: subprocess.Popen[bytes]) -> None:
    own = know(os.getpid())
    assert own is not None
    document["owner"]["started"] = own.started
    assert alive(document["owner"])
    path = write(tmp_path, document)
    assert sweep(tmp_path) == []
    assert sleeper.poll() is None
    assert path.exists()


def test_pids_of_an_earlier_boot_belong_to_others(
    tmp_path: Path, document: dict[str, Any], sleeper: subprocess.Popen[bytes]
) -> None:
    data = tmp_path / "run" / "parts"
    path = write(tmp_path, document | {"boot": "another", "scratch": [str(data)]})
    data.mkdir()
    assert sweep(tmp_path) == ["run: its lab is gone; ended 0 processes and removed 1 directories it left"]
    assert sleeper.poll() is None
    assert not data.exists()
    assert not path.exists()


def test_only_the_platforms_own_directories_are_removed(tmp_path: Path, document: dict[str, Any]) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    others = tmp_path / f"trivet-{uuid.uuid4().hex}"
    others.mkdir()
    write(tmp_path, document | {"scratch": [str(precious), str(others), "/"]})
    sweep(tmp_path)
    assert precious.exists()
    assert others.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"boot": 1, "owner": {}}'])
def test_a_file_that_says_nothing_is_named_and_kept(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, {})
    path.write_text(text)
    (sentence,) = sweep(tmp_path)
    assert str(path) in sentence
    assert path.exists()
