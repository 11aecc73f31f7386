"""What an answer says, if it says anything: whatever decides nothing becomes a NoAnswer, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from trivet_chassis import PROBLEMS, ProblemKind
from trivet_order.adapters.http.client import Response
from trivet_order.application.saga import NoAnswer, Refused, Rejected, Reply
from trivet_order.domain import InvalidOrder, Money

REASON_CHARACTERS_MAX = 200
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_SPEAKS_OF_THE_DOOR = frozenset(
    {"unauthenticated", "forbidden", "not-found", "method-not-allowed", "unsupported-media-type"}
)
"""Of a whole request these say that nobody looked at its entries: the order's own token or address is wrong."""
_AT_IT = frozenset({"request-in-flight", "lock-busy"})
T = TypeVar("T")


class Unreadable(Exception):
    """An answer that is not what was agreed: nobody knows what happened."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one entry was told, as the single request would have been."""

    status: int
    body: Mapping[str, Any]

    @property
    def is_done(self) -> bool:
        """Whether it succeeded."""
        return 200 <= self.status < 300

    @property
    def kind(self) -> ProblemKind | None:
        """The row of the table of problems; None if it succeeded, or is none of the table's."""
        code = self.body.get("code")
        found = PROBLEMS.get(code) if isinstance(code, str) else None
        return found if found is not None and found.status == self.status else None

    @property
    def reason(self) -> str:
        """What a problem says to people, on one line."""
        detail = self.body.get("detail")
        words = detail if isinstance(detail, str) else ""
        line = "".join(each if each.isprintable() else " " for each in words).strip()
        return line[:REASON_CHARACTERS_MAX] or str(self.body.get("code", self.status))


Answered = Told | NoAnswer
"""What became of an entry: somebody decided it, or nobody knows."""


class _Answer(msgspec.Struct):
    status: int
    body: dict[str, Any]
    id: str | None = None
    key: str | None = None


class _Batch(msgspec.Struct):
    answers: list[_Answer]


_batches = msgspec.json.Decoder(_Batch)


def read_batch(body: bytes, field: str, names: Sequence[str]) -> list[Told]:
    """Return what each entry was told.

    Args:
        body: of an answer with status 200.
        field: what names an entry, ``id`` or ``key``.
        names: of the entries that were sent, in their order.

    Raises:
        Unreadable: it is no such batch, or answers other entries than were sent.
    """
    try:
        answers = _batches.decode(body).answers
    except UNREADABLE as error:
        raise Unreadable(f"no batch: {error}") from error
    if [getattr(each, field) for each in answers] != list(names):
        raise Unreadable(f"answers to {len(answers)} entries, which are not the {len(names)} that were sent")
    return [Told(each.status, each.body) for each in answers]


def refusal_of(response: Response) -> Told:
    """Return what a request was told that was not answered entry by entry; with no body if that is no problem."""
    try:
        return Told(response.status, msgspec.json.decode(response.body, type=dict[str, Any]))
    except UNREADABLE:
        return Told(response.status, {})


def is_life(told: Told) -> bool:
    """Whether what an entry was told shows that somebody looks at entries: they decided it, or are at it."""
    return no_answer_of(told) is None or (told.kind is not None and told.kind.code in _AT_IT)


def no_answer_of(told: Told, retry_after_s: float | None = None, *, is_whole: bool = False) -> NoAnswer | None:
    """Return what was told as a NoAnswer if it decides nothing, else None.

    Only the table of problems decides: a status without one of its codes may be a proxy's word, or a defect's. What may
    be sent again speaks of this attempt alone, and so does whatever is told ``is_whole``, of a request and none of its
    entries, about the order's own token or address.
    """
    if told.is_done and not is_whole:
        return None
    kind = told.kind
    if kind is None:
        return NoAnswer(f"{told.status} without a code", definite=False, retry_after_s=retry_after_s)
    if kind.retryable or kind.code == "unauthenticated" or (is_whole and kind.code in _SPEAKS_OF_THE_DOOR):
        definite = told.body.get("definite") is True if kind.definite is None else kind.definite
        return NoAnswer(f"{told.status} {kind.code}: {told.reason}", definite, retry_after_s)
    return None


def is_done(answered: Answered) -> bool:
    """Whether an entry certainly succeeded."""
    return isinstance(answered, Told) and answered.is_done


def rejected(told: Told) -> Rejected:
    """Return a refusal of the table as one that this attempt alone was told."""
    return Rejected(str(told.body["code"]), told.reason)


def refusal(answered: Answered, decisions: Container[str]) -> Refused | Rejected | NoAnswer | None:
    """Return why something is not held; None if it is. The codes of ``decisions`` decide it for good."""
    if isinstance(answered, NoAnswer):
        return answered
    if answered.is_done:
        return None
    told = rejected(answered)
    return Refused(told.code, told.reason) if told.code in decisions else told


def settled(told: Sequence[Answered], reply: Reply) -> Reply:
    """Return a reply if all is done, and else why something is not.

    What is not known goes before what is rejected: the rejection is told again when the other is known, and only what
    was answered whole counts as answered.
    """
    unknown = [each for each in told if isinstance(each, NoAnswer)]
    undone = [each for each in told if isinstance(each, Told) and not each.is_done]
    if unknown:
        return unknown[0]
    return rejected(undone[0]) if undone else reply


def read(body: Mapping[str, Any], kind: type[T]) -> T:
    """Return a body as what it has to be.

    Raises:
        Unreadable: it is something else.
    """
    try:
        return msgspec.convert(body, kind)
    except UNREADABLE as error:
        raise Unreadable(str(error)) from error


def money(amount_minor: int, currency: str) -> Money:
    """Return an amount.

    Raises:
        Unreadable: it is none.
    """
    try:
        return Money(amount_minor, currency)
    except InvalidOrder as error:
        raise Unreadable(str(error)) from error
