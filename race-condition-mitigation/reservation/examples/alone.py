"""The reservation by itself: PostgreSQL, one Valkey, a migrated database, one replica on :8300."""  # noqa: INP001  - a script

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from trivet_platform import Postgres, Program, Supervisor, Valkey

LISTEN = "127.0.0.1:8300"


def main() -> None:
    """Serve until Ctrl-C or SIGTERM; nothing is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as platform:
        postgres, valkey = Postgres(), Valkey()
        platform.start(postgres, valkey)
        environment = {
            "TRIVET_RESERVATION_LISTEN": LISTEN,
            "TRIVET_RESERVATION_DATABASE_URL": postgres.create_database("reservation"),
            "TRIVET_RESERVATION_VALKEY_URLS": valkey.url,
            "TRIVET_RESERVATION_STRATEGY": "setnx",
        }
        command = str(Path(sys.executable).with_name("trivet-reservation"))
        subprocess.run([command, "migrate"], env=environment, check=True)
        platform.start(Program("reservation", [command, "api"], environment, LISTEN, f"http://{LISTEN}/readyz"))
        signal.pause()


if __name__ == "__main__":
    main()
