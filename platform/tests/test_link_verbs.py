"""What each verb of a link does to sessions of a real PostgreSQL; each proof fails once its verb does nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import select
import socket
from collections.abc import Callable, Iterator

import asyncpg
import psycopg
import pytest
from psycopg import Connection

from trivet_platform import Link, Postgres, Supervisor

PATIENCE_S = 60
FOREVER_MS = 3_600_000
Until = Callable[[Callable[[], object], str], object]


@dataclasses.dataclass
class Scene:
    """A database, the link before it, and an observer who needs no link."""

    link: Link
    url: str
    observer: Connection[tuple[object, ...]]
    until: Until

    def connect(self, **more: int) -> Connection[tuple[object, ...]]:
        return psycopg.connect(self.url, port=self.link.port, autocommit=True, application_name="client", **more)

    def sees(self, query: str) -> object:
        row = self.observer.execute(query).fetchone()
        return row[0] if row else None

    def sessions(self) -> object:
        return self.sees("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'client'")

    def rows(self) -> object:
        return self.sees("SELECT count(*) FROM sold")

    def counted(self, before: dict[str, int], name: str) -> int:
        return self.link.counts()[name] - before[name]


@pytest.fixture(scope="module")
def postgres_link(supervisor: Supervisor, postgres: Postgres) -> Iterator[Link]:
    part = Link("to-postgres", f"127.0.0.1:{postgres.port}")
    supervisor.start(part)
    yield part
    part.stop()


@pytest.fixture
def scene(postgres_link: Link, database: str, until: Until) -> Iterator[Scene]:
    Link.clear(postgres_link)
    with psycopg.connect(database, autocommit=True) as observer:
        observer.execute("DROP TABLE IF EXISTS sold")
        observer.execute("CREATE TABLE sold (item text)")
        yield Scene(postgres_link, database, observer, until)
        observer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )


def is_readable(client: Connection[tuple[object, ...]]) -> bool:
    return bool(select.select([client.fileno()], [], [], 0)[0])


def hears_nothing(client: Connection[tuple[object, ...]], query: str, patience_s: float = 0.3) -> None:
    """Ask, and give up by a timeout of the client's own; the connection stays open meanwhile."""
    client.pgconn.send_query(query.encode())
    client.pgconn.flush()
    assert select.select([client.fileno()], [], [], patience_s)[0] == [], "it was answered, or closed"


def proof_of_clear(scene: Scene) -> None:
    scene.link.refuse()
    scene.link.clear()
    assert scene.connect().execute("SELECT 1").fetchone() == (1,)


def proof_of_delay(scene: Scene) -> None:
    client, before = scene.connect(), scene.link.counts()
    scene.link.delay(FOREVER_MS)
    client.pgconn.send_query(b"INSERT INTO sold VALUES ('one'); SELECT 1")
    client.pgconn.flush()
    scene.until(lambda: scene.link.counts()["held"] or is_readable(client), "the question is on the link, or answered")
    assert scene.link.counts()["held"] > 0
    assert scene.rows() == 0
    scene.link.delay(0)
    scene.until(lambda: is_readable(client), "the answer")
    assert scene.rows() == 1
    assert scene.counted(before, "delayed") > 0
    assert scene.link.counts()["held"] == 0


def proof_of_reset(scene: Scene) -> None:
    client, before = scene.connect(), scene.link.counts()
    scene.link.reset()
    assert scene.counted(before, "cut") == 1
    with pytest.raises(psycopg.OperationalError):
        client.execute("SELECT 1")
    scene.until(lambda: scene.sessions() == 0, "the server learned of it")
    with pytest.raises(psycopg.OperationalError):
        scene.connect()
    scene.link.clear()
    assert scene.connect().execute("SELECT 1").fetchone() == (1,)


def proof_of_refuse(scene: Scene) -> None:
    client = scene.connect()
    scene.link.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", scene.link.port), timeout=PATIENCE_S)
    with pytest.raises(psycopg.OperationalError, match="refused"):
        scene.connect()
    assert client.execute("SELECT 1").fetchone() == (1,)
    scene.link.clear()
    assert scene.connect().execute("SELECT 1").fetchone() == (1,)


def proof_of_black_hole(scene: Scene) -> None:
    client, idle = scene.connect(), scene.connect()
    client.execute("SELECT pg_advisory_lock(1)")
    before = scene.link.counts()
    scene.link.black_hole()
    hears_nothing(client, "INSERT INTO sold VALUES ('lost')")
    assert scene.counted(before, "dropped") > 0
    assert scene.sees("SELECT pg_try_advisory_lock(1)") is False, "the session lives on, and so does its lock"
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        scene.connect(connect_timeout=2)
    client.pgconn.finish()
    assert scene.sessions() == 2, "the server does not learn that the client has left"
    scene.link.clear()
    scene.until(lambda: scene.sessions() == 1, "what lost bytes is cut")
    assert idle.execute("SELECT 1").fetchone() == (1,), "what lost none goes on"
    assert scene.rows() == 0


def proof_of_half_open(scene: Scene) -> None:
    client = scene.connect()
    client.execute("SELECT pg_advisory_lock(2)")
    scene.link.half_open()
    hears_nothing(client, "INSERT INTO sold VALUES ('lost')")
    scene.until(lambda: scene.sees("SELECT pg_try_advisory_lock(2)"), "the server has forgotten the session")
    assert scene.sessions() == 0
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        scene.connect(connect_timeout=2)
    assert scene.sessions() == 0
    scene.link.clear()
    with pytest.raises(psycopg.OperationalError):
        client.pgconn.consume_input()
    assert scene.connect().execute("SELECT 1").fetchone() == (1,)


def proof_of_cut_after(scene: Scene) -> None:
    client, before = scene.connect(), scene.link.counts()
    scene.link.cut_after(b"COMMIT")
    client.autocommit = False
    client.execute("INSERT INTO sold VALUES ('one')")
    with pytest.raises(psycopg.OperationalError):
        client.commit()
    assert scene.rows() == 1, "whoever sees the reset sees the effect"
    assert scene.counted(before, "matched") == 1
    assert scene.counted(before, "cut") == 1
    assert scene.counted(before, "dropped") > 0


def proof_of_cut_answer(scene: Scene) -> None:
    client, idle, before = scene.connect(), scene.connect(), scene.link.counts()
    scene.link.cut_answer()
    with pytest.raises(psycopg.OperationalError):
        client.execute("INSERT INTO sold VALUES ('one')")
    assert scene.rows() == 1, "what answers has acted"
    assert scene.counted(before, "matched") == 1
    assert scene.counted(before, "cut") == 1
    assert scene.counted(before, "dropped") > 0
    scene.link.clear()
    assert idle.execute("SELECT 1").fetchone() == (1,), "who asked nothing meanwhile lost nothing"


PROOFS = {
    "clear": proof_of_clear,
    "delay": proof_of_delay,
    "reset": proof_of_reset,
    "refuse": proof_of_refuse,
    "black_hole": proof_of_black_hole,
    "half_open": proof_of_half_open,
    "cut_after": proof_of_cut_after,
    "cut_answer": proof_of_cut_answer,
}


@pytest.mark.parametrize("verb", PROOFS)
def test_verb(scene: Scene, verb: str) -> None:
    PROOFS[verb](scene)


@pytest.mark.parametrize("verb", PROOFS)
def test_a_verb_that_does_nothing_is_noticed(scene: Scene, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Link, verb, lambda *_, **__: None)
    with pytest.raises((Exception, pytest.fail.Exception)):
        PROOFS[verb](scene)


def test_the_services_driver_loses_its_answer_too(scene: Scene) -> None:
    async def buy() -> None:
        client = await asyncpg.connect(scene.url, port=scene.link.port)
        scene.link.cut_after(b"COMMIT", times=1)
        with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
            async with client.transaction():
                await client.execute("INSERT INTO sold VALUES ($1)", "one")

    asyncio.run(buy())
    assert scene.rows() == 1


def test_a_commit_in_the_extended_protocol_is_carried_to_its_end(scene: Scene) -> None:
    client = scene.connect()
    client.execute("BEGIN")
    client.execute("INSERT INTO sold VALUES ('one')")
    scene.link.cut_after(b"COMMIT")
    with pytest.raises(psycopg.OperationalError):
        client.execute("COMMIT", binary=True)  # Parse with the text; Bind, Execute and Sync follow it
    assert scene.rows() == 1


def test_a_pipelined_transaction_is_carried_to_its_end(scene: Scene) -> None:
    client = scene.connect()
    scene.link.cut_after(b"COMMIT")

    def buy_all() -> None:
        with client.pipeline():
            client.execute("BEGIN")
            for number in range(500):
                client.execute("INSERT INTO sold VALUES (%s)", [str(number)])
            client.execute("COMMIT")

    with pytest.raises(psycopg.OperationalError):
        buy_all()
    assert scene.rows() == 500


def test_a_cut_can_happen_once(scene: Scene) -> None:
    scene.link.cut_after(b"COMMIT", times=1)
    for number, is_cut in enumerate((True, False), 1):
        client = scene.connect()
        client.autocommit = False
        client.execute("INSERT INTO sold VALUES ('one')")
        if is_cut:
            with pytest.raises(psycopg.OperationalError):
                client.commit()
        else:
            client.commit()
        assert scene.rows() == number


def test_a_client_that_leaves_does_not_stop_the_server_from_committing(scene: Scene) -> None:
    client = scene.connect()
    scene.observer.execute("SELECT pg_advisory_lock(3)")
    scene.link.cut_after(b"COMMIT")
    client.execute("BEGIN; INSERT INTO sold VALUES ('one')")
    client.pgconn.send_query(b"SELECT pg_advisory_lock(3); COMMIT")
    client.pgconn.flush()
    scene.until(lambda: scene.link.counts()["matched"], "the server has it")
    client.pgconn.finish()
    scene.observer.execute("SELECT pg_advisory_unlock(3)")
    scene.until(scene.rows, "the row")
    scene.until(lambda: scene.sessions() == 0, "its session ends")
