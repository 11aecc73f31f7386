"""Looks for secrets where none may be: in what a run leaves, and in the command lines of its processes."""

from __future__ import annotations

import gzip
import hashlib
import re
import stat
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import Any, Self

import psutil
import pytest

from trivet_lab.evidence import RunDirectory, read_history
from trivet_platform import Child, ForkServer

KEEPER = "platform.json"
"""The one file that may hold a secret, as an endpoint, and is then its owner's alone."""
LOOKS = {
    "a token": re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}"),
    "a private key": re.compile(rb"PRIVATE KEY-----"),
    "a private key of a key set": re.compile(rb"""["']d["']\s*:\s*["'][\w-]{40,}=*["']"""),
    "an authorization header": re.compile(rb"(?i)authorization[\"']?[\s:=,(\[]+b?[\"']?(bearer|basic)\s+\S"),
    "credentials": re.compile(rb"(?i)\b(bearer|basic)\s+[\w+/=.-]{16,}"),
    "a password in an address": re.compile(rb"\w://[^\s:/@\"']+:[^\s:/@\"']+@"),
}
KEPT = frozenset({"a password in an address"})
"""What of it the keeper may have, beside secrets by name."""
EVERY_S = 0.05
PATIENCE_S = 60


def leaks_in(directory: Path, secrets: Mapping[str, str]) -> list[str]:
    """Return a sentence for each secret in a directory's files; ``secrets`` are known ones by what they are.

    A file is read as it is, and unpacked if it is gzip. ``platform.json`` may hold secrets, if nobody else may read it.
    """
    return [sentence for path in sorted(directory.rglob("*")) for sentence in _leaks_in_file(path, directory, secrets)]


def leaks_in_argv(argvs: Sequence[Sequence[str]], secrets: Mapping[str, str]) -> list[str]:
    """Return a sentence for each secret in a command line, which every user of the machine can read."""
    return [
        f"{argv[0]} was started with {what}"
        for argv in argvs
        for what in _found("\n".join(argv).encode(errors="surrogateescape"), secrets)
    ]


def _leaks_in_file(path: Path, directory: Path, secrets: Mapping[str, str]) -> Iterator[str]:
    name = path.relative_to(directory)
    yield from (f"{name} is named after {what}" for what in _found(path.name.encode(), secrets))
    if path.is_socket():
        return
    try:
        content = path.read_bytes()
    except (IsADirectoryError, FileNotFoundError):  # a link whose end is gone, or what a server removed meanwhile
        return
    found = _found(content + _unpacked(content), secrets)
    if path.name == KEEPER:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield f"{name} can be read by others: {mode:04o}"
        found -= KEPT | secrets.keys()
    yield from (f"{name} holds {what}" for what in sorted(found))


def _unpacked(content: bytes) -> bytes:
    with suppress(OSError, EOFError, zlib.error):
        return gzip.decompress(content)
    return b""


def _found(content: bytes, secrets: Mapping[str, str]) -> set[str]:
    known = {what for what, secret in secrets.items() if secret.encode() in content}
    return known | {what for what, pattern in LOOKS.items() if pattern.search(content)}


class CommandLines:
    """The command lines of this process's children and of theirs, for as long as the block lasts.

    What this process starts is seen as it starts, however short it lives; what that starts in turn, if it lives for a
    moment.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], None] = {}
        self._more = threading.Condition()
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look)
        self._patch = pytest.MonkeyPatch()

    @property
    def seen(self) -> list[list[str]]:
        """Each of them once, as a list of words."""
        with self._more:
            return [list(argv) for argv in self._seen if argv]

    def await_word(self, word: str) -> None:
        """Wait until one of them has a word."""
        with self._more:
            assert self._more.wait_for(lambda: any(word in argv for argv in self._seen), PATIENCE_S), word

    def __enter__(self) -> Self:
        begin = Popen.__init__

        def noted(process: Popen[Any], args: Any, *more: Any, **named: Any) -> None:
            self._add([args] if isinstance(args, str | Path) else args)
            begin(process, args, *more, **named)

        fork = ForkServer.__call__

        def noted_fork(server: ForkServer, argv: Sequence[str | Path], *more: Any, **named: Any) -> Child:
            self._add(argv)  # what is forked has its server's command line, and would have this one if it were executed
            return fork(server, argv, *more, **named)

        self._patch.setattr(Popen, "__init__", noted)
        self._patch.setattr(ForkServer, "__call__", noted_fork)
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()
        self._patch.undo()

    def _look(self) -> None:
        while not self._over.wait(EVERY_S):
            for child in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    self._add(child.cmdline())

    def _add(self, argv: Sequence[object]) -> None:
        with self._more:
            self._seen[tuple(str(word) for word in argv)] = None
            self._more.notify_all()


WORD = re.compile(rb"[\w-]{16,128}")
DIGEST = "sha256:"


def hold_tokens_in(run: RunDirectory) -> list[str]:
    """Return a sentence for each file of a run that holds a token of one of its holds.

    Histories keep digests of them, so that any word of any file can be told from one, and no token is needed to look.
    """
    digests = {
        token.removeprefix(DIGEST)
        for variant in run.variants()
        for operation in read_history(variant.history)
        if operation.f == "hold" and (token := (operation.value or {}).get("token"))
    }
    assert digests, "no hold was granted, so nothing was looked for"
    files = [path for path in sorted(run.path.rglob("*")) if path.is_file()]
    return [
        f"{path.relative_to(run.path)} holds the token of a hold"
        for path in files
        if digests & {hashlib.sha256(word).hexdigest()[:16] for word in set(WORD.findall(path.read_bytes()))}
    ]
