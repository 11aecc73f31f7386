"""What every errand is written in: requests, and drafts of operations that are not numbered yet."""

from __future__ import annotations

import bisect
import itertools
import random
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from trivet_lab.load.attendance import Again, Attendance


class Request(msgspec.Struct, frozen=True):
    """What is sent, equal for all who want the same: ``args`` is for the history, ``body`` for the wire.

    ``once`` is for what nobody waits to be told: it is sent a single time, whatever is answered, since no answer to it
    would ever end a doubt. ``inside`` is for what a service asks of another: it goes past the edge to a replica, and to
    the next one with each attempt.

    Some things make sense only once another was done. What others wait for has a name for that in ``gives``; what
    ``follows`` it has the same name, and is asked only if it was done. What ``needs`` it shows the ``token`` that its
    answer brought, too, which stands in no body until it is sent. What is ``about`` something that the service itself
    gave an id has it where ``{id}`` stands in ``path``, and among ``args`` as ``order_id``. An order ``shows`` the
    tokens of holds, each in the line that names the hold.

    ``until`` opens a stream of events instead of asking for an answer: it is read until the event of that number has
    come, or for as long as anybody would wait (``stream.py``). ``after`` tells the service which event was the last
    that is known.

    Who waits for one of several statuses (``ends``) asks again and again until it is one of them, or for as long as
    anybody would wait (``waiting.py``).

    ``entries`` are operations that are sent together, as one request to ``path``, and answered each by itself. What
    stands beside them is then of the whole request, and ``f``, ``args`` and ``body`` are nobody's.
    """

    f: str
    path: str
    body: bytes | None
    args: dict[str, Any]
    method: str = "POST"
    once: bool = False
    inside: bool = False
    gives: str = ""
    needs: str = ""
    follows: str = ""
    about: str = ""
    until: int = 0
    after: int | None = None
    shows: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    entries: tuple[Request, ...] = ()


class Draft(NamedTuple):
    """One operation: when it is due (nanoseconds from the crowd's start), who sends it, under which key, and what.

    ``client`` is the one who sends it, ``who`` the subject in whose name: somebody has more than one device, and a key
    is theirs on each. Without a key, what is asked says itself whether asking again is asking for the same: a hold has
    an id, a purchase has nothing and is another one.
    """

    due_ns: int
    client: int
    key: str | None
    request: Request
    who: str


def source(crowd: Attendance, purpose: str) -> random.Random:
    """Return a generator of its own for one purpose, so that drawing more for one leaves the others as they were."""
    return random.Random(f"{crowd.seed}:{purpose}")  # noqa: S311  - a crowd must be repeatable, not secret


def new_key(keys: random.Random) -> str:
    """Return the next idempotency key."""
    return str(uuid.UUID(int=keys.getrandbits(128), version=4))


def picker(weights: Sequence[float]) -> Callable[[float], int]:
    """Return a function from [0, 1) to a place, each as often as its weight says."""
    ends = list(itertools.accumulate(weights))
    last = len(ends) - 1
    return lambda share: min(last, bisect.bisect_right(ends, share * ends[-1]))


def repeated(crowd: Attendance, again: Again, drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Yield a share of these once more, each as it was and so much later, under its own key."""
    chance = source(crowd, f"again:{again.after_s}")
    for due_ns, client, key, request, who in drafts:
        if chance.random() < again.share:
            for place in range(again.times):
                by = (client + place) % crowd.clients
                yield Draft(due_ns + round(again.after_s * 1e9), by, key, request, who)
