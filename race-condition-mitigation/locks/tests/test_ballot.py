from itertools import permutations, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trivet_locks import ballot
from trivet_locks.ballot import Ballot, NodeAnswer, Outcome, Verdict, quorum

HEARD = (Outcome.GRANTED, Outcome.BUSY, Outcome.TIMEOUT, Outcome.ERROR)

# A busy machine is no defect.
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def verdict(outcomes: tuple[Outcome, ...]) -> Verdict:
    votes = Ballot([str(index) for index in range(len(outcomes))])
    for index, outcome in enumerate(outcomes):
        votes.hear(str(index), NodeAnswer(outcome))
    return votes.verdict


def both_can_win(nodes: int) -> bool:
    """Whether some way of sharing the nodes among two attempts lets both of them win."""
    for owners in product("ab-", repeat=nodes):
        votes = [
            verdict(tuple(Outcome.GRANTED if owner == who else Outcome.BUSY for owner in owners)) for who in ("a", "b")
        ]
        if votes == [Verdict.WON, Verdict.WON]:
            return True
    return False


def test_every_way_in_which_five_nodes_can_answer() -> None:
    for outcomes in product(HEARD, repeat=5):
        granted = outcomes.count(Outcome.GRANTED)
        silent = outcomes.count(Outcome.TIMEOUT) + outcomes.count(Outcome.ERROR)
        expected = Verdict.WON if granted >= 3 else Verdict.UNAVAILABLE if silent >= 3 else Verdict.BUSY
        assert verdict(outcomes) is expected, outcomes


@CALM
@given(st.lists(st.sampled_from(HEARD), min_size=1, max_size=9).flatmap(st.permutations))
def test_a_decision_is_early_and_never_turns(outcomes: list[Outcome]) -> None:
    votes = Ballot([str(index) for index in range(len(outcomes))])
    decided = Verdict.OPEN
    for index, outcome in enumerate(outcomes):
        votes.hear(str(index), NodeAnswer(outcome))
        if decided is not Verdict.OPEN:
            assert (votes.verdict is Verdict.WON) == (decided is Verdict.WON)
        decided = votes.verdict
    assert decided is not Verdict.OPEN
    assert (decided is Verdict.WON) == (outcomes.count(Outcome.GRANTED) >= quorum(len(outcomes)))


def test_the_third_busy_node_of_five_decides() -> None:
    for order in permutations((Outcome.BUSY, Outcome.BUSY, Outcome.BUSY)):
        assert verdict((*order, Outcome.PENDING, Outcome.PENDING)) is Verdict.BUSY
    assert verdict((Outcome.BUSY, Outcome.BUSY, *[Outcome.PENDING] * 3)) is Verdict.OPEN


def test_the_first_answer_of_a_node_counts_and_a_late_one_does_not() -> None:
    votes = Ballot(["a"])
    votes.close()
    votes.hear("a", NodeAnswer(Outcome.GRANTED))
    assert votes.answers["a"].outcome is Outcome.TIMEOUT


@pytest.mark.parametrize("nodes", range(1, 8))
def test_two_attempts_never_win_side_by_side(nodes: int) -> None:
    assert not both_can_win(nodes)


def test_with_a_quorum_of_two_of_five_they_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ballot, "quorum", lambda _: 2)
    assert both_can_win(5)
