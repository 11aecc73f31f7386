"""The wallet by itself: PostgreSQL, a migrated database, one replica on :8200."""  # noqa: INP001  - a script

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from trivet_platform import Postgres, Program, Supervisor

LISTEN = "127.0.0.1:8200"


def main() -> None:
    """Serve until Ctrl-C or SIGTERM; nothing is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as platform:
        postgres = Postgres()
        platform.start(postgres)
        environment = {
            "TRIVET_WALLET_LISTEN": LISTEN,
            "TRIVET_WALLET_DATABASE_URL": postgres.create_database("wallet"),
            "TRIVET_WALLET_STRATEGY": "select_for_update",
        }
        command = str(Path(sys.executable).with_name("trivet-wallet"))
        subprocess.run([command, "migrate"], env=environment, check=True)
        platform.start(Program("wallet", [command, "api"], environment, LISTEN, f"http://{LISTEN}/readyz"))
        signal.pause()


if __name__ == "__main__":
    main()
