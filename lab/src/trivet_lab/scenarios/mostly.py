"""What most of a crowd is up to, as a person asks for it: a few of the ways in which each visit can go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from cyclopts import Parameter

SHARE = 0.75
"""Of all visits, how many go the ways that were asked for."""

W = TypeVar("W", bound=msgspec.Struct)


def some_of(kind: type[msgspec.Struct], noun: str, sentence: str) -> Parameter:
    """Describe the parameter that names some of the weights of ``kind``, each of which is a ``noun``."""
    return Parameter(help=sentence, validator=known(kind, noun))


def known(kind: type[msgspec.Struct], noun: str) -> Callable[[Any, str], None]:
    """Return what refuses names that ``kind`` has no weight of (``ValueError``, as a command line's validator)."""
    names = [field.name for field in msgspec.structs.fields(kind)]

    def refuse_strangers(type_: Any, words: str) -> None:
        del type_
        if strangers := [word for word in _names_in(words) if word not in names]:
            raise ValueError(f"there is no {noun} {strangers[0]}: there are {', '.join(names)}")

    return refuse_strangers


def leaning(usual: W, words: str) -> W:
    """Return the weights with which most visits go the ways that are named; the usual ones if none is."""
    weights = msgspec.structs.asdict(usual)
    wanted = _names_in(words)
    more = sum(weights.values()) * SHARE / (1 - SHARE) / max(1, len(wanted))
    return msgspec.structs.replace(usual, **{name: weights[name] + more for name in wanted})


def _names_in(words: str) -> list[str]:
    return list(dict.fromkeys(word for word in words.split(",") if word))
