import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_lab.load.answer import KEY_REUSED, STORED, Answer, classify
from trivet_lab.load.outcome import TRANSITIONS, IllegalTransitionError, State, after, conclude, is_settled

CONTRACT = Path(__file__).parents[3] / "contracts" / "problems.json"
PROBLEMS = json.loads(CONTRACT.read_text())["problems"]


def test_the_stored_codes_are_the_contracts():
    assert {problem["code"] for problem in PROBLEMS if problem["stored"]} == STORED


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem["code"])
def test_every_problem_of_the_contract_proves_what_the_contract_says(problem):
    if problem["stored"] or problem["code"] == KEY_REUSED:
        expected = Answer.DECLINED
    elif problem["definite"]:
        expected = Answer.BUSY if problem["retryable"] else Answer.REJECTED
    else:
        expected = Answer.LOST
    assert classify(problem["status"], problem["code"]) is expected


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [
        (200, None, Answer.DONE),
        (201, None, Answer.DONE),
        (200, "unreadable", Answer.LOST),
        (0, "timeout", Answer.LOST),
        (0, "cut", Answer.LOST),
        (302, "unreadable", Answer.LOST),
        (402, "unreadable", Answer.LOST),
        (422, "idempotency-key-reuse", Answer.DECLINED),
        (422, "unreadable", Answer.REJECTED),
        (408, "unreadable", Answer.LOST),
        (409, "unreadable", Answer.LOST),
        (409, "a-code-of-tomorrow", Answer.LOST),
        (404, "unreadable", Answer.REJECTED),
        (429, "unreadable", Answer.BUSY),
        (502, "unreadable", Answer.LOST),
        (500, "out-of-stock", Answer.LOST),
    ],
)
def test_what_no_service_of_ours_says_proves_no_more_than_its_status(status, code, answer):
    assert classify(status, code) is answer


def test_every_state_that_can_hear_an_answer_knows_what_each_means_and_no_other_does():
    open_states = [state for state in State if not is_settled(state)]
    assert set(TRANSITIONS) == set(itertools.product(open_states, Answer))
    for state, answer in itertools.product([State.OK, State.FAIL], Answer):
        with pytest.raises(IllegalTransitionError, match=f"{answer.name} came when the operation was {state.name}"):
            after(state, answer)
    with pytest.raises(IllegalTransitionError, match="FRESH has no outcome"):
        conclude(State.FRESH)


@given(st.lists(st.sampled_from(Answer), min_size=1, max_size=12))
def test_an_operation_ends_as_the_whole_of_its_answers_proves(answers):
    state, heard = State.FRESH, []
    for answer in answers:
        if is_settled(state):
            break
        state = after(state, answer)
        heard.append(answer)
    if heard[-1] is Answer.DONE:
        expected = "ok"
    elif heard[-1] is Answer.DECLINED or Answer.LOST not in heard:
        expected = "fail"
    else:
        expected = "unknown"
    assert conclude(state) == expected
    stored = {Answer.DONE, Answer.DECLINED}
    assert not stored & set(heard[:-1]), "a stored answer is the last that is asked for"
    assert (state is State.IN_DOUBT) == (expected == "unknown")
