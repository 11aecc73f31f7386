"""How an operation ends: a state machine over what its attempts proved.

Only a stored answer resolves an operation of which one attempt was lost; a refusal then speaks of its own
attempt alone. Without a lost attempt, refusals on every attempt are proof that nothing happened.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from trivet_lab.evidence import Outcome
from trivet_lab.load.answer import Answer


class State(Enum):
    """Where an operation stands."""

    FRESH = "no attempt has ended"
    REFUSED = "every attempt was refused and did nothing"
    IN_DOUBT = "an attempt may have had its effect"
    OK = "it happened"
    FAIL = "it did not happen"


class IllegalTransitionError(RuntimeError):
    """An answer to an operation that has ended, or an end of one that never began."""


TRANSITIONS: Final[dict[tuple[State, Answer], State]] = {
    (State.FRESH, Answer.DONE): State.OK,
    (State.FRESH, Answer.DECLINED): State.FAIL,
    (State.FRESH, Answer.BUSY): State.REFUSED,
    (State.FRESH, Answer.REJECTED): State.FAIL,
    (State.FRESH, Answer.LOST): State.IN_DOUBT,
    (State.REFUSED, Answer.DONE): State.OK,
    (State.REFUSED, Answer.DECLINED): State.FAIL,
    (State.REFUSED, Answer.BUSY): State.REFUSED,
    (State.REFUSED, Answer.REJECTED): State.FAIL,
    (State.REFUSED, Answer.LOST): State.IN_DOUBT,
    (State.IN_DOUBT, Answer.DONE): State.OK,
    (State.IN_DOUBT, Answer.DECLINED): State.FAIL,
    (State.IN_DOUBT, Answer.BUSY): State.IN_DOUBT,
    (State.IN_DOUBT, Answer.REJECTED): State.IN_DOUBT,
    (State.IN_DOUBT, Answer.LOST): State.IN_DOUBT,
}

_ENDED: Final[dict[State, Outcome]] = {
    State.OK: "ok",
    State.FAIL: "fail",
    State.REFUSED: "fail",
    State.IN_DOUBT: "unknown",
}


def after(state: State, answer: Answer) -> State:
    """Return the state after an answer; an answer after the end raises ``IllegalTransitionError``."""
    following = TRANSITIONS.get((state, answer))
    if following is None:
        raise IllegalTransitionError(f"{answer.name} came when the operation was {state.name}: {state.value}")
    return following


def is_settled(state: State) -> bool:
    """Whether no further attempt can change the outcome."""
    return state in (State.OK, State.FAIL)


def conclude(state: State) -> Outcome:
    """Return the outcome if no further attempt is made; an operation that was never sent has none."""
    outcome = _ENDED.get(state)
    if outcome is None:
        raise IllegalTransitionError(f"an operation that is {state.name} has no outcome: {state.value}")
    return outcome
