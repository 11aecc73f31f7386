"""What the platform is told by its environment; ``environment.py`` copies what its processes need besides."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_OF_A_DOWNLOAD = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_OWN = ("TRIVET_PLATFORM_MAVEN_URL", "XDG_CACHE_HOME")


def cache_folder() -> Path:
    """Return where is kept what every checkout of this person can use.

    That is the user's cache. Without a usable home it is the environment that this interpreter belongs to, and goes
    with it. tools/steps.py finds the same folder, for before the set-up no package is there that it could ask.
    """
    named, home = os.environ.get("XDG_CACHE_HOME"), os.environ.get("HOME")
    if not home or not os.access(home, os.W_OK | os.X_OK):
        return Path(sys.prefix) / ".cache" / "trivet"
    return (Path(named) if named and Path(named).is_absolute() else Path(home) / ".cache") / "trivet"


def maven_url() -> str | None:
    """Return the Maven repository to fetch jars from, None for the one that everybody uses."""
    return os.environ.get("TRIVET_PLATFORM_MAVEN_URL") or None


def download_environment() -> dict[str, str]:
    """Return what a process that downloads needs to know as this one does: the way out, and where things are kept."""
    names = {*_OWN, *_OF_A_DOWNLOAD, *(name.lower() for name in _OF_A_DOWNLOAD)}
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}
