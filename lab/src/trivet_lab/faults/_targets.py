"""Whom a fault hits: a part by its name, or so many of a family, chosen by the run's seed.

Parts of one kind are a *family*: ``valkey-1`` … ``valkey-5`` are ``valkey``, ``postgres`` is a family of one, and the
links ``inventory-api-1-to-valkey-1`` … ``-5`` are ``inventory-api-1-to-valkey``. A member's own master, as
``reservation-valkey``, is a Valkey and a family of one: no quorum's word means it. A target is a part's name, a word
(``one``, ``minority``, ``majority``, ``primary``, ``all``), or ``family/word`` or ``family/number`` (``valkey/2``). A
word alone means the family for which it is the natural question.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

from trivet_lab.faults._fault import FaultError

WORDS: Mapping[str, Callable[[int], int]] = {
    "one": lambda _: 1,
    "minority": lambda count: (count - 1) // 2,
    "majority": lambda count: count // 2 + 1,
    "primary": lambda _: 1,
    "all": lambda count: count,
}
SERVICE, LINK = "service", "link"
_MASTERS = "valkey"
_PRIMARY = "postgres"
_SERVERS = frozenset({_MASTERS, _PRIMARY, "kafka", "issuer", "envoy"})
_LINK_WORD = "-to-"
_OWN_MASTER = "-valkey"


def family_of(part: str) -> str:
    """Return a part's family: its name without its number."""
    return re.sub(r"-\d+$", "", part)


def kind_of(part: str) -> str:
    """Return what a part is: ``service``, ``link``, or the server's own family."""
    family = family_of(part)
    if family in _SERVERS:
        return family
    if part.endswith(_OWN_MASTER) and _LINK_WORD not in part:
        return _MASTERS
    return LINK if _LINK_WORD in part else SERVICE


def far_end(part: str) -> str:
    """Return the kind of server that a link leads to, nothing for any other part."""
    return family_of(part.rpartition(_LINK_WORD)[2]) if kind_of(part) == LINK else ""


def choose(target: str, parts: Sequence[str], chance: random.Random) -> list[str]:
    """Return the parts that a target means; the same seed and parts give the same choice.

    Raises:
        FaultError: there is no such part or family, or not so many of it; the sentence lists what there is.
    """
    if target in parts:
        return [target]
    family, _, word = target.rpartition("/")
    if word not in WORDS and not word.isdigit():
        raise FaultError(
            f"no part is called {target!r}: there are {_shown(parts)}, and the words {', '.join(WORDS)}, "
            "also of one family, as valkey/majority or valkey/2"
        )
    members = [part for part in parts if family_of(part) == (family or _natural(word, parts))]
    if not members:
        raise FaultError(f"{target!r} means no part: there are {_shown(parts)}")
    if word == "primary":
        return members[:1]
    count = int(word) if word.isdigit() else WORDS[word](len(members))
    if not 1 <= count <= len(members):
        raise FaultError(f"{target!r} means {count} of {len(members)} parts")
    chosen = chance.sample(members, count)
    return [part for part in members if part in chosen]


def _shown(parts: Sequence[str]) -> str:
    """Return the parts for a sentence; links are many, and one shows how all are called."""
    own = [part for part in parts if kind_of(part) != LINK]
    return ", ".join([*own, *[f"{part} and other links" for part in parts if kind_of(part) == LINK][:1]])


def _natural(word: str, parts: Sequence[str]) -> str:
    """Return the family that a word alone asks about: a quorum is of masters, a primary is a database's."""
    if word == "primary":
        return _PRIMARY
    if word in {"minority", "majority"}:
        return _MASTERS
    return next((family_of(part) for part in parts if kind_of(part) == SERVICE), "")
