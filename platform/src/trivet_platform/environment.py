"""The environment that every process of a platform starts with; the only place that reads this process's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


def base_environment() -> dict[str, str]:
    """Return what a process needs to find programs and a home, and nothing that could configure a service by accident.

    The folder of this interpreter leads PATH, so that commands installed beside it are found.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    path = inherited.get("PATH", os.defpath)
    return inherited | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{path}"}
