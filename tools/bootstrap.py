"""Sets the workspace up and runs its jobs, on a machine that has only Python 3.11 or newer.

The standard library alone: this file runs before anything is installed. Each step prints one line,
is guarded by a stamp of what it was made from, and is skipped when nothing of that changed, so that
a second call costs milliseconds and needs no network.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import golang
import lanes
from steps import (
    BIN,
    ROOT,
    STAMPS,
    VENV,
    alone,
    call,
    digest,
    environment,
    fail,
    home_cache,
    say,
    size_of,
    step,
    user_cache,
)

PYTHON = BIN / "python"
UV = BIN / "uv"
OLDEST = (3, 11)

# One set a purpose; each later set holds the earlier one, so installing `test` never removes `run`.
SETS = {
    "run": ["requirements.lock"],
    "test": ["requirements.lock", "requirements-test.lock"],
    "bench": ["requirements.lock", "requirements-bench.lock"],
}


def members() -> list[Path]:
    """Return the folder of every Python member, as the workspace's own list names them."""
    import tomllib  # noqa: PLC0415  - absent before 3.11, and the complaint about that comes first

    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [ROOT / name for name in workspace["tool"]["uv"]["workspace"]["members"]]


def make_venv() -> str:
    """Create the environment; Debian's Python needs its `python3-venv` package for that."""
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        say(done.stdout + done.stderr)
        fail("this Python cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv")
    return f"virtual environment of Python {sys.version.split()[0]}"


def install_uv() -> str:
    """Install the installer, pinned by hash."""
    lock = ROOT / "tools" / "requirements-uv.lock"
    call(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "--disable-pip-version-check", "-r", lock)
    return f"the installer, {UV.stat().st_size / 1e6:.0f} MB"


def install_set(name: str) -> str:
    """Install a set's pinned distributions, then nothing else of the network is needed."""
    site = next((VENV / "lib").glob("python3*")) / "site-packages"
    locks = [word for lock in SETS[name] for word in ("-r", lock)]
    call(UV, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", *locks)
    count = sum(1 for _ in site.glob("*.dist-info"))
    return f"{count} distributions, {size_of(site)} installed"


def install_members() -> str:
    """Install every member in place, offline: their requirements are in the locks."""
    folders = members()
    editable = [word for folder in folders for word in ("-e", str(folder))]
    call(
        UV, "pip", "install", "--quiet", "--python", PYTHON, "--offline", "--no-deps", "--no-build-isolation", *editable
    )
    return f"{len(folders)} members in place"


def set_up_kafka() -> str:
    """Bring what Kafka starts from, which is in no wheel: its jars, and the cache that its Java trains here."""
    return call(PYTHON, "-m", "trivet_platform.kafka_setup").strip()


def sync(name: str) -> None:
    """Bring the environment to what a set's locks and the members' own files say."""
    if sys.version_info < OLDEST:
        fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make PYTHON=python3.12 …")
    with alone():
        interpreter = digest([])
        if not PYTHON.exists() or not (STAMPS / "python").exists():
            shutil.rmtree(STAMPS, ignore_errors=True)  # an interpreter that is gone takes its stamps along
            say("setting up (once; the second time this costs nothing)")
        step("python", interpreter, make_venv)
        step("installer", digest([ROOT / "tools" / "requirements-uv.lock"]), install_uv)
        step(name, digest([ROOT / lock for lock in SETS[name]]), lambda: install_set(name))
        step("members", digest([folder / "pyproject.toml" for folder in members()]), install_members)
        # Its Java is in the environment, so another set of distributions may bring another one.
        own = sorted((ROOT / "platform" / "src" / "trivet_platform").glob("kafka_*"))
        made_from = digest([*own, STAMPS / "python", STAMPS / name])
        step("kafka", made_from, set_up_kafka, [user_cache() / "kafka" / "jars"])
        golang.prepare()
        golang.build_members()
        golang.build_tools()


def become(*argv: str) -> None:
    """Replace this process by a command of the environment: signals and the exit code are its own."""
    os.chdir(ROOT)
    os.execvpe(str(VENV / "bin" / argv[0]), list(argv), environment())  # noqa: S606  - no shell is wanted


def run_trivet(words: list[str]) -> None:
    """Run the CLI from wherever the caller stands: relative paths of its arguments stay right."""
    sync("bench" if words[:1] == ["bench"] else "run")
    os.execve(str(VENV / "bin" / "trivet"), ["trivet", *words], environment())  # noqa: S606  - the same


def run_tests(words: list[str]) -> None:
    """Run every test that is not marked `long`, or whatever the caller's own words select."""
    sync("test")
    # A shell without job control starts what runs in the background deaf to Ctrl-C, and so would be every process
    # that a test sends one to. A handler becomes the default with exec, so all that begins here hears it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if words:
        become("pytest", *words)
    sys.exit(lanes.run_lanes(["-m", "not long"], environment()))


def run_check(_: list[str]) -> None:
    """Run every static check, all of them even when one failed, and name those that did."""
    sync("test")
    with alone():
        golang.build_tools(checking=True)
    checks: dict[str, list[tuple[list[str], Path]]] = {
        "format": [(["ruff", "format", "--check", "--quiet", "."], ROOT)],
        "lint": [(["ruff", "check", "--quiet", "."], ROOT)],
        "types": [(["mypy"], ROOT)],
        "tools": [(["mypy", *(f"tools/{name}.py" for name in ("bootstrap", "steps", "golang", "lanes"))], ROOT)],
        "imports": [(["lint-imports", "--no-cache"], ROOT)],
        **dict(golang.checks()),
        "mutants": [(["python", "-m", "trivet_lab.mutants"], ROOT)],
    }
    red = []
    for name, commands in checks.items():
        began = time.monotonic()
        said = [told for argv, folder in commands if (told := complaint(argv, folder)) is not None]
        say(f"  {name:<11} {'failed' if said else 'ok'}, {time.monotonic() - began:.1f} s")
        if said:
            red.append(name)
            say("\n".join(said))
    if red:
        fail(f"make check: {', '.join(red)}")


def complaint(argv: list[str], folder: Path) -> str | None:
    """Run a check and return what it said if it found something, None if all is well."""
    env = environment()
    if home_cache() is None:  # staticcheck keeps what it learnt
        env["STATICCHECK_CACHE"] = str(ROOT / ".trivet" / "staticcheck")
    words = [str(BIN / argv[0]), *argv[1:]]
    done = subprocess.run(words, cwd=folder, env=env, text=True, capture_output=True, check=False)
    # gofmt ends with 0 whatever it finds, and says nothing where all is well, as all others do with their words.
    well = done.returncode == 0 and not (argv[0] == "gofmt" and done.stdout)
    return None if well else f"{folder.relative_to(ROOT)}: {' '.join(argv)}\n{done.stdout}{done.stderr}"


def lock(_: list[str]) -> None:
    """Resolve the locks again from the members' own files; a maintainer's job, it needs the network."""
    sync("run")
    unpublished = [word for folder in members() for word in ("--no-emit-package", f"trivet-{folder.name}")]
    common = [
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-emit-index-url",
        "--custom-compile-command",
        "python3 tools/bootstrap.py lock",
    ]
    compile_: list[str | Path] = [
        UV,
        "pip",
        "compile",
        "--quiet",
        *common,
        "--no-emit-package",
        "trivet-workspace",
        *unpublished,
    ]
    call(*compile_, "pyproject.toml", "--group", "run", "-o", "requirements.lock")
    for name in ("test", "bench"):
        call(*compile_, "pyproject.toml", "--group", name, "-c", "requirements.lock", "-o", f"requirements-{name}.lock")
    call(*compile_, "--group", "go", "-o", golang.LOCK.name)  # alone: where Go is on PATH, none of it is wanted
    (ROOT / "tools" / "uv.in").write_text(f"uv=={subprocess.check_output([UV, '--version'], text=True).split()[1]}\n")
    call(UV, "pip", "compile", "--quiet", *common, "tools/uv.in", "-o", "tools/requirements-uv.lock")
    (ROOT / "tools" / "uv.in").unlink()


def clean(_: list[str]) -> None:
    """Remove the environment, the runs and every cache; nothing that is committed."""
    for name in (
        ".venv",
        ".trivet",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".hypothesis",
        ".import_linter_cache",
    ):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for cache in ROOT.rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)


JOBS: dict[str, Callable[[list[str]], None]] = {
    "sync": lambda words: sync(words[0] if words else "run"),
    "trivet": run_trivet,
    "test": run_tests,
    "check": run_check,
    "lock": lock,
    "clean": clean,
}


def main() -> None:
    """Run the job that the first word names with the words after it."""
    job = JOBS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if job is None:
        fail(f"usage: python3 tools/bootstrap.py {'|'.join(JOBS)}")
        return
    job(sys.argv[2:])


if __name__ == "__main__":
    main()
