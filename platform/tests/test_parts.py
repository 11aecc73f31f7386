"""What a fault does to a part, it does to everything of it; and a part that was hit can be started again."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from trivet_platform import Envoy, Kafka, Link, Part, Postgres, Program, Supervisor, Valkey
from trivet_platform.proctree import is_alive, know, row
from trivet_platform.server import ServerPart

LABS = Path(__file__).parent / "labs"


def make(kind: str, service: Callable[..., Program]) -> Part:
    makers: dict[str, Callable[[], Part]] = {
        "postgres": lambda: Postgres("hit-postgres"),
        "valkey": lambda: Valkey("hit-valkey"),
        "kafka": lambda: Kafka("hit-kafka"),
        "envoy": lambda: Envoy("hit-envoy"),
        "link": lambda: Link("hit-link", "127.0.0.1:9"),
        "program": lambda: service("hit-service"),
        "family": lambda: Program("hit-family", [sys.executable, str(LABS / "family.py")], {}),
    }
    return makers[kind]()


def segments(creator: int) -> int:
    """Count the System V segments that a process made: the kernel keeps them when it is killed."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return sum(1 for line in lines if int(line.split()[4]) == creator)


@pytest.mark.parametrize("kind", ["postgres", "valkey", "envoy", "link", "program", "family"])
def test_pause_resume_kill_and_start_again(
    kind: str, supervisor: Supervisor, service: Callable[..., Program], until: Callable[..., object]
) -> None:
    part = make(kind, service)
    supervisor.start(part)
    fewest = {"postgres": 6, "family": 2}.get(kind, 1)
    log = supervisor.directory / "log" / f"{part.name}.log"
    # The family tells of itself once its orphan has no parent: until then that one is found by its parent, and later by
    # nobody who looks for this part alone.
    until(
        lambda: len(part.pids) >= fewest and (kind != "family" or "orphan" in log.read_text()),
        "its processes are there",
    )

    part.pause()
    states = {pid: found.state for pid in part.pids if (found := row(pid))}
    assert set(states.values()) == {"T"}, states
    # Whoever is stopped is not taken for ready; the family is asked nothing.
    assert (part.blocker() is None) == (kind == "family")
    part.resume()
    until(lambda: all(found.state != "T" for pid in part.pids if (found := row(pid))), "all go on")
    until(lambda: part.blocker() is None, "ready again")

    endpoints = part.endpoints.get("url")
    everybody = [known for pid in part.pids if (known := know(pid))]
    leader = part.pids[0]
    assert segments(leader) == (1 if kind == "postgres" else 0)
    part.pause()
    part.kill()
    assert part.pids == []
    assert not any(is_alive(known) for known in everybody)
    assert segments(leader) == 0

    supervisor.start(part)
    assert part.blocker() is None
    assert part.endpoints.get("url") == endpoints
    part.pause()
    part.stop()
    assert part.pids == []


@pytest.mark.parametrize("kind", ["postgres", "valkey", "kafka", "envoy", "link"])
def test_a_port_taken_before_it_is_bound(kind: str, supervisor: Supervisor, service: Callable[..., Program]) -> None:
    part = make(kind, service)
    assert isinstance(part, ServerPart)
    part.name += "-elsewhere"
    with socket.create_server(("127.0.0.1", 0)) as thief:
        part._port = thief.getsockname()[1]
        supervisor.start(part)
        assert part.port != thief.getsockname()[1]
        assert part.blocker() is None
    part.kill()


def test_envoy_takes_another_port_when_its_wish_is_taken(supervisor: Supervisor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as thief:
        part = Envoy("modest", port=thief.getsockname()[1])
        supervisor.start(part)
        assert part.port != thief.getsockname()[1]
    part.kill()


def test_postgres_is_durable_and_its_reader_only_reads(postgres: Postgres) -> None:
    with psycopg.connect(postgres.create_database("shop"), autocommit=True) as owner:
        shown = [owner.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
        assert shown == [("on",), ("on",)]
        owner.execute("CREATE TABLE kept AS SELECT 1 AS one")
    with psycopg.connect(postgres.reader_url("shop"), autocommit=True) as reader:
        assert reader.execute("SELECT one FROM kept").fetchone() == (1,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("INSERT INTO kept VALUES (2)")
        reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("INSERT INTO kept VALUES (2)")


def test_postgres_lets_nobody_in_without_its_password(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(f"host=127.0.0.1 port={postgres.port} user=postgres passfile=/dev/null").close()


def test_the_passwords_of_postgres_are_in_no_file(supervisor: Supervisor, postgres: Postgres) -> None:
    """Where it runs as another user its files lie elsewhere, beside a copy of its programs."""
    base = (supervisor.directory / "parts" / postgres.name / "postgres").resolve()
    if not base.exists():
        base = supervisor.directory / "parts" / postgres.name
    urls = postgres.url(), postgres.reader_url("postgres")
    passwords = [str(urlsplit(url).password).encode() for url in urls]
    read = 0
    for path in base.rglob("*"):
        if path.is_file() and "programs" not in path.relative_to(base).parts:
            with suppress(FileNotFoundError):  # a server's own come and go
                content = path.read_bytes()
                read += 1
                assert not any(password in content for password in passwords), path
    assert read > 500


def test_postgres_keeps_what_was_committed_and_valkey_forgets(supervisor: Supervisor) -> None:
    postgres, valkey = Postgres("keeper", settings={"max_connections": "20"}), Valkey("forgetter")
    supervisor.start(postgres, valkey)
    with psycopg.connect(postgres.url(), autocommit=True) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        assert owner.execute("SHOW max_connections").fetchone() == ("20",)
    assert ask(valkey, b"SET key value\r\n") == b"+OK"
    postgres.kill()
    valkey.kill()
    supervisor.start(postgres, valkey)
    with psycopg.connect(postgres.reader_url("postgres")) as reader:
        assert reader.execute("SELECT seven FROM kept").fetchone() == (7,)
    assert ask(valkey, b"GET key\r\n") == b"$-1"
    postgres.kill()
    valkey.kill()


def ask(valkey: Valkey, command: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", valkey.port)) as connection:
        connection.sendall(command)
        return connection.recv(100).split(b"\r\n")[0]


def test_who_is_dismissed_does_not_wait_for_others(supervisor: Supervisor, until: Callable[..., object]) -> None:
    """It serves on after a first signal, and would do so for ever."""
    part = Program("dutiful", [sys.executable, str(LABS / "dutiful.py")], {})
    supervisor.start(part)
    log = supervisor.directory / "log" / "dutiful.log"
    until(lambda: "listening" in log.read_text(), "it hears signals")
    part.pause()
    part.dismiss()
    assert log.read_text() == "listening\nSIGINT\nSIGTERM\n"
    assert part.pids == []
