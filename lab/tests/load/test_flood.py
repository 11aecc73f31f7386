import itertools
from collections import Counter

import msgspec
import pytest

from trivet_lab.load import Flood, Item, Phase, Plan, PlanError, Sale, read_plan, write_plan
from trivet_lab.load.schedule import schedule

ITEMS = [Item("ticket-1", 5), Item("ticket-2", 5)]
LIMITS = {"asked_per_s": 50.0, "subject_per_s": 20, "subject_burst": 40}


def crowd_of(errand):
    return Plan(
        seed=7,
        url="http://127.0.0.1:1",
        epoch_ns=0,
        clients=9,
        phases=[Phase("steady", 30, 2)],
        directory="x",
        errand=errand,
    )


def test_a_plan_read_is_the_plan_written(tmp_path):
    plan = crowd_of(Flood(items=ITEMS, **LIMITS))
    assert read_plan(write_plan(tmp_path / "plan.json", plan)) == plan


def test_one_asks_evenly_and_changes_nothing_beside_a_sale_that_is_as_it_was():
    flooded, plain = (list(schedule(crowd_of(errand))) for errand in (Flood(items=ITEMS, **LIMITS), Sale(items=ITEMS)))
    asked = [intent for intent in flooded if intent.request.f == "ask"]
    assert len(asked) == 100
    assert {later.due_ns - sooner.due_ns for sooner, later in itertools.pairwise(asked)} == {20_000_000}
    assert {(intent.who, intent.client, intent.key, intent.request.method) for intent in asked} == {
        ("scalper", 10, None, "GET")
    }

    def sale(crowd):
        return [msgspec.structs.replace(intent, op=0) for intent in crowd if intent.request.f != "ask"]

    assert sale(flooded) == sale(plain)


def test_everybody_has_a_token_for_what_they_do():
    plan = crowd_of(Flood(items=ITEMS, **LIMITS))
    granted = Counter({who: scope for scope, names in plan.errand.subjects(plan).items() for who in names})
    needed = {"buy": "items.buy", "ask": "items.read", "restock": "items.write"}
    assert all(granted[intent.who] == needed[intent.request.f] for intent in schedule(plan))


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_flood_that_is_none_is_refused(name):
    with pytest.raises(PlanError, match=rf"errand\.{name} is above 0, not 0"):
        crowd_of(Flood(items=ITEMS, **(LIMITS | {name: 0})))
