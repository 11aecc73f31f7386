"""The fixtures as any member's tests meet them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

USING = """
import psycopg

def test_writes(database, postgres, valkeys):
    assert valkeys(2) == valkeys(3)[:2]
    assert len(set(valkeys(3))) == 3
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1")
        print("database", connection.info.dbname)

def test_shares_it_within_the_module(database):
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM mine").fetchone() == (1,)
"""
STREAMING = """
def test_has_a_topic(kafka, topic):
    with kafka._wire(5) as wire:
        assert topic in wire.cluster().topics
    print("topic", topic)

test_has_another = test_has_a_topic
"""
IDLE = """
def test_asks_for_nothing(tmp_path_factory):
    assert not list(tmp_path_factory.getbasetemp().glob("platform*"))
"""


def run(directory: Path, **files: str) -> str:
    for name, text in files.items():
        (directory / f"{name}.py").write_text(text)
    argv = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", f"--basetemp={directory / 'base'}", "."]
    done = subprocess.run(argv, cwd=directory, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_server_a_session_and_a_database_a_module(tmp_path: Path) -> None:
    shown = run(tmp_path, test_one=USING, test_two=USING)
    assert "4 passed" in shown
    assert len(set(re.findall(r"database (\w+)", shown))) == 2
    assert len(list(tmp_path.glob("base/platform[0-9]/log/postgres.log"))) == 1


def test_a_broker_a_session_and_a_topic_a_test(tmp_path: Path) -> None:
    shown = run(tmp_path, test_one=STREAMING, test_two=STREAMING)
    assert "4 passed" in shown
    assert len(set(re.findall(r"topic (test_\S+)", shown))) == 4
    assert len(list(tmp_path.glob("base/platform[0-9]/log/kafka.log"))) == 1


def test_nothing_starts_unless_a_test_asks(tmp_path: Path) -> None:
    assert "1 passed" in run(tmp_path, test_idle=IDLE)
