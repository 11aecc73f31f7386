"""The scripts: found by folder, each run in a process of its own, and what each of them ends in."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from trivet_lab.bench.result import BenchError, Measured, Result, conclude, read_results, write_results
from trivet_lab.settings import checkout, child_environment

_STDERR = 2  # what a script prints is no result: stdout is for the one JSON object


class Measure(Protocol):
    """What a script does; ``quick`` shows that it works, and its figures mean nothing."""

    def __call__(self, *, quick: bool) -> Sequence[Measured]:
        """Return what was measured, a bench each."""


@dataclasses.dataclass(frozen=True)
class Script:
    """A script that measures: ``file`` from the checkout's root, ``name`` the file's own."""

    root: Path
    file: Path

    @property
    def name(self) -> str:
        """Its name, as it is chosen by and as its benches begin."""
        return self.file.stem


def bench_main(file: str, measure: Measure) -> None:
    """Be the script's command line: measure, and write ``--json FILE``; who runs it says the figures."""
    script = Path(file).resolve()
    parser = argparse.ArgumentParser(description=(sys.modules["__main__"].__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="few and short samples: shows that it works")
    arguments = parser.parse_args()
    root = checkout(script)
    write_results(arguments.json, [conclude(measured, script, root) for measured in measure(quick=arguments.quick)])


def find_scripts(root: Path) -> list[Script]:
    """Return every script of a checkout in the order of their names, at most three folders deep.

    A file whose name begins with ``_`` is what scripts of its folder share.

    Raises:
        BenchError: two have one name, so that their results would have one file.
    """
    files = {file for depth in ("*", "*/*", "*/*/*") for file in root.glob(f"{depth}/bench/[!_]*.py")}
    paths = [file.relative_to(root) for file in files if _is_member(file.parents[1])]
    scripts = [Script(root, path) for path in sorted(paths, key=lambda path: path.stem) if path.parts[0][0] != "."]
    for one, other in itertools.pairwise(scripts):
        if one.name == other.name:
            raise BenchError(f"{one.file} and {other.file} have one name: their results would share a file")
    return scripts


def _is_member(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("pyproject.toml", "go.mod"))


def named_scripts(scripts: Sequence[Script], names: Sequence[str]) -> list[Script]:
    """Return those that a person named, by the script or by its member's folder; all if nothing was named.

    Raises:
        BenchError: a name is nobody's.
    """
    known = {word for script in scripts for word in _names(script)}
    if strangers := [name for name in names if name not in known]:
        there_are = ", ".join(script.name for script in scripts) or "none"
        raise BenchError(f"there is no bench {strangers[0]!r}: there are {there_are}")
    return [script for script in scripts if not names or set(names) & set(_names(script))]


def _names(script: Script) -> tuple[str, str]:
    return script.name, script.file.parents[1].name


def run_script(script: Script, *, quick: bool) -> list[Result]:
    """Run a script and return its results; what it says goes to stderr.

    It has a process group of its own, so that Ctrl-C on a terminal reaches it once, from here, and it can stop its
    servers while this waits.

    Raises:
        BenchError: it ended with another code than 0, or left results that are none of its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{script.name}.json"
        argv = [sys.executable, str(script.root / script.file), "--json", str(file), *(["--quick"] if quick else [])]
        code = _call(argv, script.root)
        if code != 0:
            raise BenchError(f"{script.file} ended with {code}")
        results = read_results(file)
    for result in results:
        own = result.bench == script.name or result.bench.startswith(f"{script.name}-")
        if not own or result.script != script.file.as_posix():
            raise BenchError(f"{script.file} left a bench {result.bench!r}: its own begin with {script.name!r}")
    if not results:
        raise BenchError(f"{script.file} measured nothing")
    return results


def _call(argv: Sequence[str], root: Path) -> int:
    process = subprocess.Popen(
        argv, cwd=root, env=child_environment({}), stdin=subprocess.DEVNULL, stdout=_STDERR, process_group=0
    )
    try:
        return process.wait()
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
