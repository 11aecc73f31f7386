"""Go in this workspace: which toolchain, what is built with it, and how its code is checked.

The toolchain is a `go` on PATH that is new enough for every go.mod, else one from a wheel. Either way `.venv/bin/go` is
a small script that calls it, so that the set-up, the tests and the lab use one and the same, in one way: never a
toolchain that Go would fetch by itself, no module that go.sum does not know, and no C, so that one source gives one
binary on every machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from steps import BIN, ROOT, STAMPS, VENV, call, digest, fail, foreign_path, home_cache, size_of, step

GO = BIN / "go"
GOFMT = BIN / "gofmt"
VERSION = STAMPS / "go-version"
LOCK = ROOT / "requirements-go.lock"
CHECKING = ("staticcheck",)
"""Tools that `make check` alone needs; all others are built for every job."""

_SCRIPT = """#!/bin/sh
# This checkout's Go. Written by tools/golang.py, which says why.
unset GOROOT
export GOTOOLCHAIN=local GOWORK=off GOFLAGS='{flags}' CGO_ENABLED="${{CGO_ENABLED:-0}}"
{caches}exec {go} "$@"
"""


def modules() -> list[Path]:
    """Return the folder of every Go module: members, their benches, and tools."""
    found = {file.parent for depth in ("*", "*/*", "*/*/bench") for file in ROOT.glob(f"{depth}/go.mod")}
    return sorted(folder for folder in found if not folder.relative_to(ROOT).parts[0].startswith("."))


def members() -> list[Path]:
    """Return the folder of every member that says it is written in Go."""
    import tomllib  # noqa: PLC0415  - absent before 3.11, and the complaint about that comes first

    files = sorted(file for depth in ("*", "*/*", "*/*/*") for file in ROOT.glob(f"{depth}/member.toml"))
    own = [file for file in files if not file.relative_to(ROOT).parts[0].startswith(".")]
    return [file.parent for file in own if tomllib.loads(file.read_text()).get("language") == "go"]


def sources(module: Path) -> list[Path]:
    """Return what a module's programs are made from: its files without its tests and without the modules inside it."""
    found = []
    for path in sorted(module.iterdir()):
        if path.is_dir():
            if not path.name.startswith(".") and path.name != "testdata" and not (path / "go.mod").exists():
                found += sources(path)
        elif not path.name.endswith(("_test.go", ".md")):
            found.append(path)
    return found


def fingerprint(module: Path) -> str:
    """Return a hash of a module's sources and of the toolchain."""
    total = hashlib.sha256(VERSION.read_bytes())
    for path in sources(module):
        total.update(f"{path.relative_to(module)}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def version_in(text: str) -> tuple[int, ...]:
    """Return the version that a line of go.mod or of `go version` names."""
    found = re.search(r"\bgo ?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(number or 0) for number in found.groups()) if found else ()


def needed_version() -> tuple[int, ...]:
    """Return the version that the newest of all go.mod asks for."""
    lines = [line for folder in modules() for line in (folder / "go.mod").read_text().splitlines()]
    return max((version_in(line) for line in lines if line.startswith("go ")), default=())


def prepare() -> None:
    """See to it that there is a toolchain, if there is any Go: from PATH, or else from a wheel."""
    if not modules():
        return
    found = shutil.which("go", path=foreign_path())
    state = Path(found).stat() if found else None
    facts = (found, state and (state.st_mtime_ns, state.st_size), needed_version(), home_cache())
    step("go", digest([LOCK, Path(__file__)], *facts), partial(_choose, found), [GO, GOFMT, VERSION])


def _choose(found: str | None) -> str:
    """Point `.venv/bin/go` to a toolchain and return which."""
    home = _root_of(found) if found else None
    if home is not None:
        _point_to(home)
        return f"{_version()} from PATH, {home}"
    call(BIN / "uv", "pip", "install", "--quiet", "--python", BIN / "python", "--require-hashes", "-r", LOCK)
    home = next((VENV / "lib").glob("python3*")) / "site-packages" / "go"
    for program in (*(home / "bin").iterdir(), *(home / "pkg" / "tool").rglob("*")):
        if not os.access(program, os.X_OK):  # an installer may drop what an archive says of that
            program.chmod(0o755)
    _point_to(home)
    wanted = ".".join(map(str, needed_version()))
    return f"{_version()} from a wheel, {size_of(home)} installed: PATH has no go >= {wanted}"


def _root_of(go: str) -> Path | None:
    """Return the GOROOT of a `go` that is new enough, None for any other."""
    words = ["env", "GOTOOLCHAIN=local", "GOWORK=off", go]
    try:
        told, root = (
            subprocess.run([*words, *each], cwd="/", text=True, capture_output=True, check=True).stdout.strip()
            for each in (["version"], ["env", "GOROOT"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None  # whatever is called `go` there, it is none
    whole = all((Path(root) / "bin" / name).exists() for name in ("go", "gofmt"))
    return Path(root) if whole and version_in(told) >= needed_version() else None


def _point_to(home: Path) -> None:
    flags, caches = "-mod=readonly -buildvcs=false", ""
    if home_cache() is None:  # then Go's caches lie in the checkout, writable so that `make clean` can remove them
        flags += " -modcacherw"
        own = ROOT / ".trivet" / "go"
        caches = f"export GOCACHE={shlex.quote(str(own / 'build'))} GOPATH={shlex.quote(str(own / 'path'))}\n"
    _put(GO, _SCRIPT.format(flags=flags, caches=caches, go=shlex.quote(str(home / "bin" / "go"))))
    _link(GOFMT, home / "bin" / "gofmt")
    STAMPS.mkdir(exist_ok=True)
    VERSION.write_text(call(GO, "version"))


def _put(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text)
    fresh.chmod(0o755)
    fresh.replace(path)


def _link(path: Path, target: Path) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(path)


def _version() -> str:
    return VERSION.read_text().split()[2].removeprefix("go")


def build_members() -> None:
    """Build every Go member's commands into `.venv/bin`, where a Python member's are."""
    for folder in members():
        made = [BIN / command.parent.name for command in sorted(folder.glob("cmd/*/main.go"))]
        if not made:
            fail(f"{folder} says that it is a Go member, and has no cmd/<name>/main.go")
        step(folder.name, fingerprint(folder), partial(_build_member, folder, made), made)


def _build_member(folder: Path, made: list[Path]) -> str:
    call(GO, "build", "-trimpath", "-o", f"{BIN}/", "./cmd/...", cwd=folder)
    return f"built with Go {_version()}, {_size(made)}"


def _size(files: list[Path]) -> str:
    return f"{sum(file.stat().st_size for file in files) / 1e6:.0f} MB"


def build_tools(*, checking: bool = False) -> None:
    """Bring programs of others, `tools/<name>` with a go.mod of their own, to `.venv/bin`.

    They are kept outside the checkout by a hash of what they are made from, so that another checkout, or this one after
    `make clean`, does not build them again.
    """
    for folder in modules():
        if folder.parent == ROOT / "tools" and (folder.name in CHECKING) == checking:
            made_from = fingerprint(folder)
            kept = _shelf() / f"{folder.name}-{made_from[:24]}"
            step(folder.name, made_from, partial(_bring, folder, kept), [kept])


def _shelf() -> Path:
    cache = home_cache()
    return cache / "trivet" / "tools" if cache else ROOT / ".trivet" / "tools"


def _bring(folder: Path, kept: Path) -> str:
    """Build a tool unless it is kept, and link its programs."""
    found = kept.exists()
    if not found:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as place:
            fresh = Path(place) / "bin"
            what = "./..." if has_code(folder) else "tool"
            call(GO, "build", "-trimpath", "-o", f"{fresh}/", what, cwd=folder)
            try:
                fresh.rename(kept)
            except OSError:  # another checkout was faster with the same
                if not kept.exists():
                    raise
    programs = sorted(kept.iterdir())
    if not programs:
        fail(f"{folder} has no program to build")
    for program in programs:
        _link(BIN / program.name, program)
    return f"{'kept from before' if found else f'built with Go {_version()}'}, {_size(programs)}"


def has_code(module: Path) -> bool:
    """Whether a module has code of its own: one that only pins a tool has none."""
    return any(path.suffix == ".go" for path in sources(module))


def checks() -> Iterator[tuple[str, list[tuple[list[str], Path]]]]:
    """Yield each static check by its name, with its commands and where each is run."""
    own = [module for module in modules() if has_code(module)]
    if own:
        yield "gofmt", [(["gofmt", "-l", "."], module) for module in own]
        yield "vet", [(["go", "vet", "./..."], module) for module in own]
        yield "staticcheck", [(["staticcheck", "./..."], module) for module in own]
