"""The process that makes what every Kafka of a machine starts from: ``python -m trivet_platform.kafka_setup [folder]``.

It fetches the jars, lets Kafka format a directory, and starts a broker once to train Java's AOT cache. What is there
already is left. On stdout it says in one line what was done and how large that is. Everything can be made again, so it
may be killed at any moment.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from trivet_platform.environment import base_environment
from trivet_platform.errors import PlatformError
from trivet_platform.kafka import Kafka
from trivet_platform.kafka_cache import HALFWAY, Kept, Shelf
from trivet_platform.kafka_command import kafka_command, write_properties
from trivet_platform.kafka_jars import fetch_jars, find_jars
from trivet_platform.part import Site
from trivet_platform.process import Process
from trivet_platform.settings import maven_url
from trivet_platform.sockets import free_port
from trivet_platform.supervisor import Supervisor, say_on_stderr

_ANY_ID = "dHJpdmV0LXRlbXBsYXRlAA"  # every node gets one of its own when it copies the template
_ASSEMBLY_S_MAX = 120


class _Trainee(Kafka):
    """A broker whose Java writes down what it learnt, when it ends; it takes some seconds to end."""

    stop_patience_s = _ASSEMBLY_S_MAX

    def __init__(self, shelf: Shelf, kept: Kept, output: Path) -> None:
        super().__init__("trainee", shelf=shelf)
        self._kept = kept
        self._output = output

    def prepare(self, site: Site) -> Process | None:
        """Need nothing: it is part of the preparation itself."""
        del site
        return None

    def aot_flags(self, kept: Kept) -> list[str]:
        """Have the cache written."""
        del kept
        return [f"-XX:AOTCacheOutput={self._output}"]


def set_up(shelf: Shelf) -> str:
    """Make what is missing and return what was done, in words.

    Raises:
        PlatformError: a jar did not come, or Kafka formats nothing. Without a cache brokers start all the same.
    """
    with shelf.alone():
        came = fetch_jars(shelf.jars, shelf.locked, maven_url())
        jars = find_jars(shelf.jars, shelf.locked)
        done = [f"{len(jars)} jars {'fetched' if came else 'kept from before'}, {_size(*jars)}"]
        if not shelf.template.exists():
            shelf.make(shelf.template, lambda fresh: _format(jars, fresh))
        aot = shelf.aot(jars)
        if aot.exists():
            return "; ".join([*done, f"start cache kept from before, {_size(aot)}"])
        try:
            shutil.rmtree(aot.parent, ignore_errors=True)  # what an earlier failure left
            kept = Kept(jars, shelf.template, None, is_all=True)
            shelf.make(aot.parent, lambda fresh: _train(shelf, kept, fresh / aot.name))
        except PlatformError as error:
            shelf.go_without(aot)
            say_on_stderr(str(error))
            return "; ".join([*done, "no start cache, so that Kafka starts in two seconds, not one"])
        shelf.forget_old()
        return "; ".join([*done, f"start cache trained, {_size(aot)}"])


def _format(jars: list[Path], target: Path) -> None:
    """Let Kafka's own tool make an empty node's directory."""
    with tempfile.TemporaryDirectory() as place:
        properties = Path(place) / "server.properties"
        write_properties(properties, target, free_port(), free_port(), {})
        asked: list[str | Path] = ["format", "-t", _ANY_ID, "-c", properties]
        words = [str(word) for word in kafka_command(jars, Path(place), "kafka.tools.StorageTool", asked)]
        done = subprocess.run(words, cwd=place, env=base_environment(), text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise PlatformError(f"Kafka formats no directory: {' '.join((done.stdout + done.stderr).split())[-500:]}")


def _train(shelf: Shelf, kept: Kept, output: Path) -> None:
    """Start a broker, and end it in order as soon as it is ready."""
    halfway = tempfile.TemporaryDirectory(dir=shelf.folder, prefix=HALFWAY)
    with halfway as place, Supervisor(Path(place), say_on_stderr) as platform:
        trainee = _Trainee(shelf, kept, output)
        platform.start(trainee)
        trainee.stop()
    if not output.exists():
        raise PlatformError("Java wrote none")


def _size(*files: Path) -> str:
    return f"{sum(file.stat().st_size for file in files) / 1e6:.0f} MB"


def main(words: list[str]) -> int:
    """Set up, and return the exit status."""
    try:
        sys.stdout.write(f"{set_up(Shelf(Path(words[0]) if words else None))}\n")
    except PlatformError as error:
        say_on_stderr(f"Kafka cannot be set up: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
