"""Starts parts together, says what it waits for, and leaves nothing behind."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from trivet_platform.errors import PartDied, PlatformError, StartFailed
from trivet_platform.part import Part, Site
from trivet_platform.register import Register

_POLL_S = 0.02
_SAY_EVERY_S = 2


def say_on_stderr(sentence: str) -> None:
    """Print a sentence for people."""
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201  - the default voice of a library that is used interactively


class _Waiting:
    """One part on its way to ready, watched by a thread of its own."""

    def __init__(self, part: Part, site: Site, patience_s: float) -> None:
        self.part = part
        self.log = site.log
        self.sentence: str | None = "starting"
        self.error: Exception | None = None
        self._site = site
        self._patience_s = patience_s
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"start {part.name}", daemon=True)

    @property
    def is_over(self) -> bool:
        return self.error is not None or self.sentence is None

    def begin(self) -> None:
        self._thread.start()

    def give_up(self) -> None:
        self._given_up.set()

    def join(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        deadline = time.monotonic() + self._patience_s
        try:
            self.part.start(self._site)
            while not self._given_up.is_set():
                self.sentence = self.part.blocker()
                if self.sentence is None:
                    return
                if time.monotonic() > deadline:
                    self.error = PartDied(f"not ready after {self._patience_s:g} s: {self.sentence}")
                    return
                self._given_up.wait(_POLL_S)
        except Exception as error:  # noqa: BLE001  - handed to the thread that waits, which raises it
            self.error = error


class Supervisor:
    """A platform: parts, their guard and their platform.json, from ``with`` to its end.

    ``directory`` is the run directory: logs go to ``log/<name>.log`` and stay; data goes to ``parts/`` and is
    removed at the end. ``say`` gets sentences for people. ``patience_s`` bounds each part's start.

    Ctrl-C (KeyboardInterrupt in the main thread) leaves the ``with`` block and stops everything once; another
    Ctrl-C while it stops only says so. Should the process die all the same, the guard ends its processes.
    """

    def __init__(self, directory: Path, say: Callable[[str], None] = say_on_stderr, *, patience_s: float = 60) -> None:
        self.directory = Path(directory).absolute()
        self._say = say
        self._patience_s = patience_s
        self._groups: list[list[Part]] = []
        self._waiting: list[_Waiting] = []
        self._lock = threading.Lock()
        self._opened: Register | None = None

    def __enter__(self) -> Self:
        """Start the guard and write platform.json."""
        (self.directory / "log").mkdir(parents=True, exist_ok=True)
        self._opened = Register(self.directory)
        self._opened.own(self.directory / "parts")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every part, the last started first, and remove everything but the logs."""
        with self._undisturbed():
            self._register.close()
            self._abandon(list(self._waiting))
            for group in reversed(self._groups):
                self._stop_together(group)
            self._groups = []
            self._register.finish()
            self._opened = None

    def start(self, part: Part, *parts: Part) -> None:
        """Start parts in parallel and return when all are ready.

        Says every two seconds by name what it still waits for. Parts can be started again after they ended.

        Raises:
            StartFailed: one did not become ready; then all parts of this call are stopped.
        """
        everyone = [part, *parts]
        waiting = [self._prepare(one) for one in everyone]
        with self._lock:
            self._groups = [[old for old in group if old not in everyone] for group in self._groups] + [everyone]
            self._waiting += waiting
        for one in waiting:
            one.begin()
        try:
            self._wait(waiting)
        except StartFailed:
            self._abandon(waiting)
            self._stop_together(everyone)
            raise
        with self._lock:
            self._waiting = [other for other in self._waiting if other not in waiting]
        self._register.save()

    def stop(self, *parts: Part) -> None:
        """Stop parts together; their data stays until the platform ends, so that they can be started again."""
        for _, error in _stopped(parts):
            if error is not None:
                raise error

    def write(self, extra: Mapping[str, Any]) -> None:
        """Add members to platform.json and bring its endpoints up to date."""
        self._register.extend(extra)

    def scratch(self, name: str) -> Path:
        """Make a directory outside the run directory, or return the one of this name; it is removed with the platform.

        What must not stay with a run stands there, for this user alone: a run's files are kept, and passed on.
        """
        return self._register.scratch(name)

    @property
    def token(self) -> str:
        """The secret of platform.json: whoever can read that file may be trusted with this platform."""
        return self._register.token

    @property
    def _register(self) -> Register:
        if self._opened is None:
            raise PlatformError("the platform is not open: use it in a with block")
        return self._opened

    def _prepare(self, part: Part) -> _Waiting:
        log = self.directory / "log" / f"{part.name}.log"
        own = self.directory / "parts" / part.name
        own.mkdir(parents=True, exist_ok=True)
        log.touch()
        self._register.enter(part, log)
        site = Site(own, log, partial(self._register.spawn, part.name), self._register.scratch)
        return _Waiting(part, site, self._patience_s)

    def _wait(self, waiting: Sequence[_Waiting]) -> None:
        next_say = time.monotonic() + _SAY_EVERY_S
        while pending := [one for one in waiting if not one.is_over]:
            self._raise_failure(waiting)
            if time.monotonic() >= next_say:
                next_say += _SAY_EVERY_S
                self._say(f"waiting for {'; '.join(f'{one.part.name}: {one.sentence}' for one in pending)}")
            time.sleep(_POLL_S)
        self._raise_failure(waiting)

    def _raise_failure(self, waiting: Sequence[_Waiting]) -> None:
        for one in waiting:
            if one.error is not None:
                process = self._register.process(one.part.name)
                lines = process.tail() if process else []
                reason = str(one.error) or type(one.error).__name__
                raise StartFailed(one.part.name, reason, str(one.log), lines) from one.error

    def _abandon(self, waiting: Sequence[_Waiting]) -> None:
        """Give up on parts that are still starting, and on the threads that watch them."""
        for one in waiting:
            one.give_up()
        for one in waiting:
            one.join()
            if one.sentence is not None:
                one.part.kill()
        with self._lock:
            self._waiting = [other for other in self._waiting if other not in waiting]

    def _stop_together(self, parts: Sequence[Part]) -> None:
        for part, error in _stopped(parts):
            if error is not None:
                self._say(f"{part.name} did not stop: {error}; its guard ends it")

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """Answer Ctrl-C with a sentence while the platform stops: stopping halfway would leave more to clean up."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def answer(number: int, frame: FrameType | None) -> None:
            del number, frame
            self._say("stopping already")

        previous = signal.signal(signal.SIGINT, answer)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous or signal.SIG_DFL)


def _stopped(parts: Sequence[Part]) -> list[tuple[Part, BaseException | None]]:
    """Stop parts together, and return of each why it did not stop, None if it did."""
    with ThreadPoolExecutor(max_workers=max(1, len(parts))) as pool:
        stopping = [pool.submit(part.stop) for part in parts]
    return [(part, each.exception()) for part, each in zip(parts, stopping, strict=True)]
