"""The life of a hold as data: every state with every event, and what follows for the stock."""

from __future__ import annotations

from itertools import product

import pytest

from trivet_inventory.holds.states import TAKEN, TRANSITIONS, Event, IllegalTransition, Move, State, after, move_between

LIFE = {
    (State.UNKNOWN, Event.GRANT): State.HELD,
    (State.UNKNOWN, Event.REFUSE): State.REFUSED,
    (State.UNKNOWN, Event.RELEASE): State.RELEASED,
    (State.REFUSED, Event.RELEASE): State.RELEASED,
    (State.HELD, Event.EXPIRE): State.EXPIRED,
    (State.HELD, Event.PIN): State.PINNED,
    (State.HELD, Event.RELEASE): State.RELEASED,
    (State.EXPIRED, Event.RELEASE): State.RELEASED,
    (State.PINNED, Event.SELL): State.SOLD,
    (State.PINNED, Event.RELEASE): State.RELEASED,
}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=str)
def test_every_event_has_an_answer_in_every_state(state: State, event: Event) -> None:
    if (state, event) in LIFE:
        assert after(state, event) is LIFE[state, event]
    else:
        with pytest.raises(IllegalTransition, match=f"a hold that is {state} cannot {event}"):
            after(state, event)


def test_nothing_leads_out_of_a_sale_or_a_tombstone() -> None:
    assert {state for state, events in TRANSITIONS.items() if not events} == {State.SOLD, State.RELEASED}


def test_units_are_out_of_the_stock_exactly_while_somebody_has_them() -> None:
    """Whatever way a hold goes, it takes once at most, and gives back once at most, after it took."""

    def walk(state: State, out: int) -> None:
        assert out == (state in TAKEN)
        for now in TRANSITIONS[state].values():
            change = {None: 0, Move.HELD: 1, Move.RETURNED: -1}[move_between(state, now)]
            walk(now, out + change)

    walk(State.UNKNOWN, 0)
