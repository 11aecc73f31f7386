"""Failpoints: named moments at which a lab makes a process die, stand still or fail; inert everywhere else.

Which race: a crash or a pause *between* two effects, after COMMIT and before the reply, say. From outside nobody hits
that moment twice, so the code names it, ``await failpoint("inventory.purchase.after_commit")``, and a lab says at start
what happens there and at which hit::

    TRIVET_FAILPOINTS=inventory.purchase.after_commit=kill@3,inventory.purchase.before_write=pause:7000

``kill`` is SIGKILL to the process itself; ``pause:MS`` is SIGSTOP, and SIGCONT after so many milliseconds; ``error``
raises :class:`FailpointError`. Hits of a name are counted in each process from its start, and ``@1`` may be left out.
Before anything happens one line of JSON goes to stdout: the evidence that the fault took place, and when.

A service whose handlers run in threads calls ``reach`` where a coroutine awaits ``failpoint``. Which race: two threads
reach a name at once, both read the same count, and hit 3 takes place twice or never. Why this guard: a hit is counted
under a lock, so each has a number of its own and an entry acts once; the lock is free again before anything happens. If
it were lost, a run would be without its fault, or with one more than it asked for.

Source: FreeBSD's fail(9), *Kernel Developer's Manual*.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from .lines import END_DEADLINE_S, stdout_lines
from .settings import SettingsError
from .trace import current_trace_id

VARIABLE = "TRIVET_FAILPOINTS"
PAUSE_MS_MAX = 999_999
HIT_MAX = 999_999

_ENTRY = re.compile(
    r"(?P<name>[a-z0-9_.]+)=(?:(?P<word>kill|error)|pause:(?P<ms>[1-9][0-9]{0,5}))(?:@(?P<hit>[1-9][0-9]{0,5}))?"
)
_GRAMMAR = "name=kill, name=error or name=pause:MS, each with @HIT if it is not the first, separated by commas"
_STDOUT = 1

# Wakes its parent at a monotonic time, and then again and again until the parent, running, closes the pipe: a SIGCONT
# that overtakes the SIGSTOP would do nothing, and the parent would stand still for ever. A parent that dies closes the
# pipe too, so no signal ever goes to a stranger that got its pid.
_WAKER = """
import os, select, signal, sys, time
parent, at = int(sys.argv[1]), float(sys.argv[2])
while not select.select([0], [], [], max(0.01, at - time.monotonic()))[0] and os.getppid() == parent:
    os.kill(parent, signal.SIGCONT)
"""


class FailpointError(Exception):
    """What a failpoint raises: no refusal, but a defect, so that the caller is told 500 and an unknown outcome."""


class Action(Protocol):
    """What happens at a failpoint; ``str()`` of it is how it is spelt."""

    def act(self, name: str) -> None:
        """Do it."""
        ...


@dataclass(frozen=True, slots=True)
class Kill:
    """Ends the process as a power cut would: no handler runs, no buffer is flushed, every connection is cut."""

    def __str__(self) -> str:
        return "kill"

    def act(self, name: str) -> None:
        """Send SIGKILL to this process."""
        del name
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Pause:
    """Stops the whole process, every thread of it, as a suspended machine or a long garbage collection would."""

    ms: int

    def __str__(self) -> str:
        return f"pause:{self.ms}"

    def act(self, name: str) -> None:
        """Stop, and go on after ``ms`` milliseconds or when somebody else sends SIGCONT.

        The signal goes to this thread, which then cannot run on until it was obeyed; all threads stop with it. Sent to
        the process, it may wait for another thread to take it, and this one would meanwhile dismiss the waker.
        """
        del name
        at = time.monotonic() + self.ms / 1000
        argv = [sys.executable, "-I", "-S", "-c", _WAKER, str(os.getpid()), str(at)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE):  # leaving closes the pipe, and waits for the waker's end
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


@dataclass(frozen=True, slots=True)
class Fail:
    """Raises, as a defect would."""

    def __str__(self) -> str:
        return "error"

    def act(self, name: str) -> None:
        """Raise.

        Raises:
            FailpointError: Always.
        """
        raise FailpointError(f"failpoint {name}")


@dataclass(frozen=True, slots=True)
class Trigger:
    """One entry of a specification: at the ``hit``-th time at ``name``, do ``action``; ``str()`` spells it in full."""

    name: str
    action: Action
    hit: int = 1

    def __str__(self) -> str:
        return f"{self.name}={self.action}@{self.hit}"


def parse_failpoints(spec: str, known: Mapping[str, str]) -> tuple[Trigger, ...]:
    """Return what a specification asks for, in its order.

    Args:
        spec: The value of ``TRIVET_FAILPOINTS``.
        known: The names that the program has, each with a sentence on what is true there.

    Raises:
        SettingsError: With a sentence for *every* entry that is malformed, names what is not there, or is there twice.
    """
    triggers: list[Trigger] = []
    faults: list[str] = []
    taken: set[tuple[str, int]] = set()
    for entry in (part.strip() for part in spec.split(",")):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            faults.append(f"{VARIABLE} has {entry!r}: it must be {_GRAMMAR}")
            continue
        trigger = Trigger(match["name"], _action(match), int(match["hit"] or 1))
        at = (trigger.name, trigger.hit)
        if trigger.name not in known:
            faults.append(f"{VARIABLE} names {trigger.name}, which is not here; here are {', '.join(known) or 'none'}")
        elif at in taken:
            faults.append(f"{VARIABLE} has hit {trigger.hit} of {trigger.name} twice: one of them must go")
        taken.add(at)
        triggers.append(trigger)
    if faults:
        raise SettingsError(faults)
    return tuple(triggers)


def _action(match: re.Match[str]) -> Action:
    if match["ms"] is not None:
        return Pause(int(match["ms"]))
    return Kill() if match["word"] == "kill" else Fail()


@dataclass(slots=True)
class _Armed:
    """What is to happen in this process, and how often each of its names was reached."""

    actions: Mapping[tuple[str, int], Action]
    hits: dict[str, int] = field(default_factory=dict)
    counting: threading.Lock = field(default_factory=threading.Lock)

    def reach(self, name: str) -> None:
        with self.counting:
            hit = self.hits[name] = self.hits.get(name, 0) + 1
        action = self.actions.get((name, hit))
        if action is not None:
            _tell(name, action, hit)
            action.act(name)


def _tell(name: str, action: Action, hit: int) -> None:
    """Write the evidence, past every buffer and whatever the log level is: the process may not live to flush it.

    What was told before is written before, so that a lab sees of a process that it kills all that came to pass in it.
    """
    line = {
        "event": "failpoint",
        "name": name,
        "action": str(action),
        "hit": hit,
        "pid": os.getpid(),
        "monotonic_ns": time.monotonic_ns(),
        "trace_id": current_trace_id(),
    }
    stdout_lines.flush(END_DEADLINE_S)
    os.write(_STDOUT, msgspec.json.encode(line) + b"\n")


_armed: _Armed | None = None


def configure_failpoints(spec: str | None, lab: str | None, known: Mapping[str, str]) -> None:
    """Arm this process's failpoints from its settings; what was armed before is forgotten.

    Args:
        spec: The value of ``TRIVET_FAILPOINTS``.
        lab: The value of ``TRIVET_LAB``.
        known: The names that the program has, each with a sentence on what is true there.

    Without a lab nothing is armed and ``spec`` is not even read: a variable that strayed into production neither
    breaks a start nor does anything.

    Raises:
        SettingsError: In a lab, what is malformed or unknown; the sentences list the known names.
    """
    global _armed  # noqa: PLW0603  - one process, one plan: the call sites are functions that nobody hands an object
    _armed = None
    if lab is None or spec is None:
        return
    triggers = parse_failpoints(spec, known)
    _armed = _Armed({(trigger.name, trigger.hit): trigger.action for trigger in triggers})


def reach(name: str) -> None:
    """Be at a named moment, in any thread; do there what a lab asked for, if it did.

    Raises:
        FailpointError: It asked for ``error``.
    """
    if _armed is not None:
        _armed.reach(name)


async def failpoint(name: str) -> None:
    """Be at a named moment of a coroutine; do there what a lab asked for, if it did.

    Raises:
        FailpointError: It asked for ``error``.
    """
    if _armed is not None:  # not by way of reach(): what does nothing is to cost nothing
        _armed.reach(name)
