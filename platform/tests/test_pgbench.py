"""pgbench runs on a server of the platform, as whoever calls, and its report is read or refused."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from trivet_platform import PgbenchFailed, run_pgbench
from trivet_platform.pgbench import parse_report

REPORT = """transaction type: sale.sql
number of transactions actually processed: 4046
number of failed transactions: 3 (0.074%)
latency average = 0.494 ms
initial connection time = 2.317 ms
tps = 2023.145678 (without initial connection time)
"""


def test_it_runs_a_script_with_its_variables_in_so_many_sessions(database: str, tmp_path: Path) -> None:
    script = tmp_path / "sale.sql"
    script.write_text("INSERT INTO sold VALUES (:quantity, pg_backend_pid());\n")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("CREATE TABLE sold (quantity integer, pid integer)")
        run = run_pgbench(database, script, clients=2, seconds=1, variables={"quantity": 7})
        counted = owner.execute("SELECT count(*), count(DISTINCT pid), min(quantity), max(quantity) FROM sold")
        assert counted.fetchone() == (run.transactions, 2, 7, 7)
    assert run.failed == 0
    assert run.per_s > 0
    assert run.latency_ms_mean > 0


def test_a_wrong_script_is_told(database: str, tmp_path: Path) -> None:
    script = tmp_path / "wrong.sql"
    script.write_text("SELECT nothing FROM nowhere;\n")
    with pytest.raises(PgbenchFailed, match=r'(?s)wrong\.sql ended with \d: .*relation "nowhere" does not exist'):
        run_pgbench(database, script, clients=1, seconds=1)


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    script = tmp_path / "any.sql"
    script.write_text("SELECT 1;\n")
    with pytest.raises(PgbenchFailed, match="Connection refused"):
        run_pgbench("postgresql://me:secret@127.0.0.1:1/shop", script, clients=1, seconds=1)


def test_a_report_is_read() -> None:
    run = parse_report(REPORT)
    assert (run.per_s, run.latency_ms_mean, run.transactions, run.failed) == (2023.145678, 0.494, 4046, 3)


@pytest.mark.parametrize("line", REPORT.splitlines()[1:4] + REPORT.splitlines()[5:])
def test_a_report_that_lacks_a_figure_is_refused(line: str) -> None:
    with pytest.raises(PgbenchFailed, match="pgbench did not say"):
        parse_report(REPORT.replace(line, ""))
