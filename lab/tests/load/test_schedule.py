import itertools
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet_lab.load import Again, Item, Phase, Plan, Restock, Sale, zipf_weights
from trivet_lab.load.arrivals import arrivals
from trivet_lab.load.schedule import schedule

GOLDEN = [
    (2, "f89d3c31-29a2-48fe-9079-d5721d34690f", "a", 2),
    (0, "8b2b3d7e-fd36-4dbb-b2df-baebd89e6455", "a", 1),
    (3, "6ef72d08-daca-455b-b76b-b071465bd9c1", "b", 2),
]

rates = st.floats(0, 400)
durations = st.floats(0.05, 3)
phases = st.lists(
    st.one_of(
        st.builds(Phase, st.just("steady"), rates, durations),
        st.builds(Phase, st.sampled_from(["ramp", "spike"]), rates, durations, rates),
    ),
    min_size=1,
    max_size=4,
)


def crowd_of(seed=7, items=("a", "b", "c"), **fields):
    usual = {"url": "http://127.0.0.1:1", "epoch_ns": 0, "clients": 9, "phases": [Phase("steady", 300, 1)]}
    weights = zipf_weights(len(items), 1.0)
    goods = [Item(item, 5, weight) for item, weight in zip(items, weights, strict=True)]
    sale = Sale(items=goods, restocks=fields.pop("restocks", []))
    return Plan(**{"seed": seed, "directory": "x", "errand": sale} | usual | fields)


def area(phase):
    rate_to = phase.rate_per_s if phase.rate_to_per_s is None else phase.rate_to_per_s
    return phase.duration_s * (phase.rate_per_s + rate_to) / 2


def encoded(plan):
    return msgspec.json.encode(list(schedule(plan)))


@given(phases, st.integers(0, 2**63))
def test_arrivals_come_in_order_within_the_phases(chosen, seed):
    due_ns = list(arrivals(crowd_of(seed, phases=chosen)))
    assert due_ns == sorted(due_ns)
    assert all(0 <= due <= sum(phase.duration_s for phase in chosen) * 1e9 + 1 for due in due_ns)


@given(phases)
def test_even_arrivals_are_as_many_in_every_phase_as_its_rate_says(chosen):
    due_s = [due_ns / 1e9 for due_ns in arrivals(crowd_of(phases=chosen, arrivals="uniform"))]
    ends_s = list(itertools.accumulate(phase.duration_s for phase in chosen))
    passed = itertools.accumulate(area(phase) for phase in chosen)
    for end_s, wanted in zip(ends_s, passed, strict=True):
        assert abs(sum(due <= end_s for due in due_s) - wanted) <= 1.5


def test_a_ramp_is_thin_at_its_low_end_and_a_spike_is_there_at_once():
    ramp = list(arrivals(crowd_of(phases=[Phase("ramp", 0, 1, 400)], arrivals="uniform")))
    spike = list(arrivals(crowd_of(phases=[Phase("spike", 400, 1, 0)], arrivals="uniform")))
    assert (len(ramp), sum(due < 5e8 for due in ramp)) == (200, 50)
    assert (len(spike), sum(due < 5e8 for due in spike)) == (200, 150)


def test_strangers_arrive_as_a_poisson_process():
    due_s = [due_ns / 1e9 for due_ns in arrivals(crowd_of(phases=[Phase("steady", 1000, 20)]))]
    gaps = [later - earlier for earlier, later in itertools.pairwise(due_s)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(0.001, rel=0.02)
    assert deviation == pytest.approx(mean, rel=0.05)


@given(phases, st.integers(0, 2**63))
def test_a_seed_is_one_crowd_to_the_byte_wherever_it_is_sent(chosen, seed):
    here = crowd_of(seed, phases=chosen)
    elsewhere = msgspec.structs.replace(
        here, url="http://127.0.0.1:2", directory="y", epoch_ns=9, timeout_ms=1, attempts_max=1, connections_max=1
    )
    assert encoded(here) == encoded(elsewhere)


def test_another_seed_is_another_crowd():
    assert encoded(crowd_of(7)) != encoded(crowd_of(8))


def test_a_crowd_stays_what_it_was_when_python_or_this_code_changes():
    first = [(i.client, i.key, i.request.args["item_id"], i.request.args["quantity"]) for i in schedule(crowd_of())][:3]
    assert first == GOLDEN


def test_a_restock_changes_nothing_of_what_is_bought():
    def purchases(plan):
        return [(i.due_ns, i.client, i.key, i.request) for i in schedule(plan) if i.request.f == "buy"]

    assert purchases(crowd_of()) == purchases(crowd_of(restocks=[Restock(0.5, "a", 3), Restock(0.2, "b", 4)]))


def test_operations_are_numbered_in_the_order_in_which_they_are_due_and_keys_are_their_own():
    crowd = list(schedule(crowd_of(restocks=[Restock(0.9, "a", 3), Restock(0.2, "b", 4)])))
    assert [intent.op for intent in crowd] == list(range(len(crowd)))
    assert [intent.due_ns for intent in crowd] == sorted(intent.due_ns for intent in crowd)
    assert len({intent.key for intent in crowd}) == len(crowd)
    restocks = [intent for intent in crowd if intent.request.f == "restock"]
    assert [(i.due_ns, i.client, i.request.path, i.request.body) for i in restocks] == [
        (200_000_000, 9, "/items/b/restock", b'{"quantity":4}'),
        (900_000_000, 9, "/items/a/restock", b'{"quantity":3}'),
    ]


def test_few_items_are_wanted_by_many_and_most_people_want_one():
    items = [f"item-{rank}" for rank in range(20)]
    crowd = list(schedule(crowd_of(items=items, phases=[Phase("steady", 1000, 20)])))
    wanted = Counter(intent.request.args["item_id"] for intent in crowd)
    quantities = Counter(intent.request.args["quantity"] for intent in crowd)
    share = 1 / sum(zipf_weights(20, 1.0))
    assert wanted["item-0"] / len(crowd) == pytest.approx(share, rel=0.05)
    assert wanted["item-9"] / len(crowd) == pytest.approx(share / 10, rel=0.1)
    assert quantities[1] / len(crowd) == pytest.approx(0.85, rel=0.02)
    assert set(quantities) == {1, 2, 3, 4}
    assert {intent.client for intent in crowd} == set(range(9))
    assert {intent.request.body for intent in crowd if intent.request.args == {"item_id": "item-0", "quantity": 1}} == {
        b'{"item_id":"item-0","quantity":1}'
    }


def test_a_share_of_the_purchases_is_sent_again_under_its_key():
    once = [(i.key, i.due_ns, i.client, i.request) for i in schedule(crowd_of())]
    crowd = list(schedule(crowd_of(again=[Again(0.0, 0.1), Again(2.0, 0.3)])))
    assert [i.op for i in crowd] == list(range(len(crowd)))
    assert [i.due_ns for i in crowd] == sorted(i.due_ns for i in crowd)
    sent = Counter((i.key, i.due_ns, i.client, i.request.body) for i in crowd)
    again = list((sent - Counter((key, due, client, request.body) for key, due, client, request in once)).elements())
    first = {key: (due, client, request.body) for key, due, client, request in once}
    assert all((client, body) == first[key][1:] for key, _, client, body in again)
    later = Counter(due - first[key][0] for key, due, _, _ in again)
    assert later.keys() == {0, 2_000_000_000}
    assert later[0] < later[2_000_000_000] < len(once) / 2
    assert {(i.key, i.due_ns) for i in crowd} >= {(key, due) for key, due, *_ in once}, "the first time is as before"
