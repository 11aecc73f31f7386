"""What is broken when: read from words or a file, or mixed by chance, and fixed before anything starts.

One fault in words is ``fault[=argument]:target@at[+for]``, several are joined by commas::

    pause:inventory-api-1@2s+3s,kill:valkey/2@4s+500ms
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from trivet_lab.evidence import PlannedFault
from trivet_lab.faults._aim import aim
from trivet_lab.faults._fault import FaultError
from trivet_lab.faults._nemesis import mix
from trivet_lab.faults._targets import far_end

NEMESIS = "nemesis"
_LENGTH = r"\d+(?:\.\d+)?(?:ms|s)"
# The argument may hold colons and at-signs of its own: the last of each is the schedule's.
_WORDS = re.compile(
    rf"(?P<fault>[a-z_]+)(?:=(?P<argument>.+))?:(?P<target>[^:@+=]+)@(?P<at>{_LENGTH})(?:\+(?P<duration>{_LENGTH}))?"
)
_WORDS_NOW = re.compile(rf"(?P<fault>[a-z_]+)(?:=(?P<argument>.+))?:(?P<target>[^:@+=]+)(?:\+(?P<duration>{_LENGTH}))?")


class AskedNow(NamedTuple):
    """One fault that is to happen now; without ``for_s`` it lasts until somebody heals it."""

    fault: str
    target: str
    argument: str
    for_s: float | None


class _Asked(NamedTuple):
    """One fault as it was asked for, before the seed chose its parts."""

    fault: str
    target: str
    at_s: float
    for_s: float
    argument: str


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """One ``[[fault]]`` of a file."""

    fault: str
    target: str
    at: str
    duration: str = msgspec.field(default="0s", name="for")
    argument: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    fault: list[_Entry]


def plan_faults(
    words: str, parts: Sequence[str], seed: int, load_s: float, idle: frozenset[str] = frozenset()
) -> list[PlannedFault]:
    """Return the schedule that these words mean for these parts.

    Args:
        words: faults in words, a ``.toml`` file's path, or ``nemesis``.
        parts: every part that a variant has, by the name that all variants share.
        seed: decides the choice of parts, and the whole mix of a nemesis.
        load_s: how long the crowd comes, in seconds.
        idle: kinds of servers that nobody speaks to. A link to one carries nothing, so a fault of it never has an
            effect; the nemesis leaves it alone, and a person who asks for it gets what they asked for.

    Raises:
        FaultError: one sentence about the first thing that is wrong.
    """
    chance = random.Random(f"faults {seed}")  # noqa: S311  - a schedule, not a secret
    if words == NEMESIS:
        return mix([part for part in parts if far_end(part) not in idle], chance, load_s)
    asked = _from_file(Path(words)) if words.endswith(".toml") else [_from_words(word) for word in words.split(",")]
    planned = []
    for one in asked:
        chosen = aim(one.fault, one.target, one.argument, parts, chance)
        if one.at_s >= load_s:
            raise FaultError(f"{one.fault} at {one.at_s:g} s comes after the crowd, which lasts {load_s:g} s")
        planned.append(PlannedFault(one.fault, one.target, chosen, one.at_s, one.for_s, one.argument))
    return planned


def read_fault(words: str) -> AskedNow:
    """Return the fault that these words ask for now: ``fault[=argument]:target[+for]``.

    Raises:
        FaultError: they are no such words.
    """
    found = _WORDS_NOW.fullmatch(words.strip())
    if found is None:
        raise FaultError(f"{words!r} is no fault: write fault:target or fault:target+for, as pause:valkey/2+3s")
    for_s = None if found["duration"] is None else _seconds(found["duration"])
    return AskedNow(found["fault"], found["target"], found["argument"] or "", for_s)


def _from_words(word: str) -> _Asked:
    found = _WORDS.fullmatch(word.strip())
    if found is None:
        raise FaultError(f"{word!r} is no fault: write fault:target@at+for, as pause:inventory-api-1@2s+3s")
    lasts = found["duration"] or "0s"
    return _Asked(found["fault"], found["target"], _seconds(found["at"]), _seconds(lasts), found["argument"] or "")


def _from_file(path: Path) -> list[_Asked]:
    try:
        entries = msgspec.convert(tomllib.loads(path.read_text()), _File).fault
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise FaultError(f"{path} is no schedule of faults: {error}") from error
    return [
        _Asked(entry.fault, entry.target, _seconds(entry.at), _seconds(entry.duration), entry.argument)
        for entry in entries
    ]


def _seconds(length: str) -> float:
    if not re.fullmatch(_LENGTH, length):
        raise FaultError(f"{length!r} is no length of time: write 500ms or 2s")
    return float(length[:-2]) / 1000 if length.endswith("ms") else float(length[:-1])
