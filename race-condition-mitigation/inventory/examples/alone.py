"""The inventory by itself: PostgreSQL, five Valkey masters, a migrated database, one replica on :8100."""  # noqa: INP001  - a script

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from trivet_platform import Postgres, Program, Supervisor, Valkey

LISTEN = "127.0.0.1:8100"


def main() -> None:
    """Serve until Ctrl-C or SIGTERM; nothing is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as platform:
        postgres, masters = Postgres(), [Valkey(f"valkey-{number}") for number in range(1, 6)]
        platform.start(postgres, *masters)
        environment = {
            "TRIVET_INVENTORY_LISTEN": LISTEN,
            "TRIVET_INVENTORY_DATABASE_URL": postgres.create_database("inventory"),
            "TRIVET_INVENTORY_VALKEY_URLS": ",".join(master.url for master in masters),
            "TRIVET_INVENTORY_STRATEGY": "redlock",
        }
        command = str(Path(sys.executable).with_name("trivet-inventory"))
        subprocess.run([command, "migrate"], env=environment, check=True)
        platform.start(Program("inventory", [command, "api"], environment, LISTEN, f"http://{LISTEN}/readyz"))
        signal.pause()


if __name__ == "__main__":
    main()
