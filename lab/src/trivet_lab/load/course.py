"""The way of one operation, or of several that are sent together, from the first attempt to each one's own end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from trivet_lab.evidence import Attempt, Operation
from trivet_lab.load.answer import classify, code_of
from trivet_lab.load.draft import Request
from trivet_lab.load.given import without_secret
from trivet_lab.load.outcome import State, after, conclude, is_settled
from trivet_lab.load.reply import Reply
from trivet_lab.load.schedule import Intent


class Part:
    """One operation: its number, what it asks, and what its attempts proved so far."""

    def __init__(self, op: int, request: Request) -> None:
        """Begin before the first attempt."""
        self.op = op
        self.request = request
        self.state = State.FRESH
        self.attempts: list[Attempt] = []
        self.body: dict[str, Any] | None = None

    def take(self, reply: Reply) -> None:
        """Take in what an attempt brought."""
        self.attempts.append(reply.attempt)
        self.body = reply.body
        self.state = after(self.state, classify(reply.attempt.status, reply.attempt.code))


class Course:
    """Repeats what is not settled, and only that, each part as often as its own state allows."""

    def __init__(self, intent: Intent, attempts_max: int, doubt_attempts_max: int) -> None:
        """Stand before the first attempt of everything in this intent."""
        self._intent = intent
        self._attempts_max = attempts_max
        self._doubt_attempts_max = doubt_attempts_max
        self.parts = [Part(op, request) for op, request in enumerate(requests_of(intent), intent.op)]

    def leave_out(self, part: Part) -> None:
        """Ask for this part no more; it was never asked for."""
        self.parts.remove(part)

    def pending(self) -> list[Part]:
        """Return the parts that are to be asked for once more."""
        return [part for part in self.parts if not is_settled(part.state) and len(part.attempts) < self._most(part)]

    def next(self, parts: Sequence[Part]) -> Intent:
        """Return what is sent to ask for these parts."""
        if not self._intent.request.entries:
            return msgspec.structs.replace(self._intent, request=parts[0].request)
        body = b'{"entries":[%b]}' % b",".join(part.request.body or b"{}" for part in parts)
        return msgspec.structs.replace(self._intent, request=msgspec.structs.replace(self._intent.request, body=body))

    def take(self, parts: Sequence[Part], reply: Reply) -> None:
        """Give each of these parts its own answer."""
        replies = _apart(reply, len(parts)) if self._intent.request.entries else [reply]
        for part, own in zip(parts, replies, strict=True):
            part.take(own)

    def operations(self) -> Iterator[tuple[Part, Operation]]:
        """Yield what the history keeps of each part that was sent, as it stands."""
        for part in self.parts:
            if part.attempts:
                yield part, self._operation(part)

    def _operation(self, part: Part) -> Operation:
        outcome = conclude(part.state)
        return Operation(
            op=part.op,
            client=self._intent.client,
            f=part.request.f,
            args=part.request.args,
            key=self._intent.key,
            outcome=outcome,
            value=None if outcome == "unknown" else without_secret(part.request, part.body),
            attempts=part.attempts,
        )

    def _most(self, part: Part) -> int:
        if self._intent.request.once:
            return 1
        return self._doubt_attempts_max if part.state is State.IN_DOUBT else self._attempts_max


def requests_of(intent: Intent) -> Sequence[Request]:
    """Return what an intent asks for: several operations if they are sent together, else one."""
    return intent.request.entries or (intent.request,)


class _Answer(msgspec.Struct):
    status: int
    body: dict[str, Any]


class _Answers(msgspec.Struct):
    answers: list[_Answer]


def _apart(reply: Reply, count: int) -> list[Reply]:
    """Return each part's answer; one that holds not as many as were asked for is an answer to nobody."""
    if not 200 <= reply.attempt.status < 300:
        return [reply] * count
    try:
        answers = msgspec.convert(reply.body, _Answers).answers
    except msgspec.ValidationError:
        answers = []
    if len(answers) != count:
        unreadable = msgspec.structs.replace(reply.attempt, code="unreadable")
        return [Reply(unreadable, None, reply.retry_after_s)] * count
    return [
        Reply(
            msgspec.structs.replace(reply.attempt, status=each.status, code=code_of(each.status, each.body)),
            each.body,
            reply.retry_after_s,
        )
        for each in answers
    ]
