import math

import pytest

from trivet_lab.load import Again, Item, Phase, Plan, PlanError, Restock, Sale, read_plan, write_plan


def test_a_plan_read_is_the_plan_written(plan, tmp_path):
    whole = plan(
        phases=[Phase("ramp", 1, 2, rate_to_per_s=9), Phase("spike", 50, 0.5)],
        restocks=[Restock(1.5, "a", 20)],
        again=[Again(0.5, 0.1)],
        quantity_weights=(1.0, 0.5),
    )
    assert read_plan(write_plan(tmp_path / "plan.json", whole)) == whole
    assert whole.duration_s == 2.5


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("url", "https://127.0.0.1:1", "url is an http address without a path"),
        ("url", "http://127.0.0.1:1/items", "url is an http address without a path"),
        ("url", "127.0.0.1:8080", "url is an http address without a path"),
        ("directory", "", "directory names where"),
        ("clients", 0, "clients is at least 1, not 0"),
        ("timeout_ms", 0, "timeout_ms is at least 1, not 0"),
        ("attempts_max", 0, "attempts_max is at least 1, not 0"),
        ("connections_max", 0, "connections_max is at least 1, not 0"),
        ("epoch_ns", -1, "epoch_ns is at least 0, not -1"),
        ("drain_ms", -1, "drain_ms is at least 0, not -1"),
        ("retry_after_ms_max", -1, "retry_after_ms_max is at least 0, not -1"),
        ("lateness_budget_ms", 0.0, r"lateness_budget_ms is above 0, not 0\.0"),
        ("cpu_budget", math.nan, "cpu_budget is above 0, not nan"),
        ("phases", [], "phases has at least one phase"),
        ("phases", [Phase("steady", 1, 0)], r"phases\[0\]\.duration_s is above 0, not 0"),
        ("phases", [Phase("steady", -1, 1)], r"phases\[0\]\.rate_per_s is at least 0, not -1"),
        ("phases", [Phase("steady", 1, 1, rate_to_per_s=2)], r"phases\[0\]\.rate_to_per_s has no meaning in a steady"),
        ("phases", [Phase("steady", 1, 1), Phase("ramp", 1, 1)], r"phases\[1\]\.rate_to_per_s is needed by a ramp"),
        ("phases", [Phase("spike", 1, 1, rate_to_per_s=-2)], r"phases\[0\]\.rate_to_per_s is at least 0, not -2"),
        ("phases", [Phase("steady", 1e6, 1e6)], "phases ask for about 1000000000000 operations"),
        ("items", [], "items has at least one item"),
        ("items", [Item("A", 1)], r"items\[0\]\.id is 1 to 64 of a-z"),
        ("items", [Item("batch", 1)], "never `batch`"),
        ("items", [Item("a", 1), Item("a", 1)], r"items\[1\]\.id 'a' stands twice"),
        ("items", [Item("a", -1)], r"items\[0\]\.stock is at least 0, not -1"),
        ("items", [Item("a", 1, weight=0)], r"items\[0\]\.weight is above 0, not 0"),
        ("quantity_weights", (), "quantity_weights has at least one weight"),
        ("quantity_weights", (1.0,) * 1001, "quantity_weights has at most 1000 weights"),
        ("restocks", [Restock(0.1, "b", 1)], r"restocks\[0\]\.item_id 'b' is none of the items"),
        ("restocks", [Restock(9, "a", 1)], r"restocks\[0\]\.at_s is within the phases' 0\.4 s, not 9"),
        ("again", [Again(-1, 0.1)], r"again\[0\]\.after_s is at least 0, not -1"),
        ("again", [Again(0, 1.1)], r"again\[0\]\.share is 0 to 1, not 1\.1"),
        ("again", [Again(0, math.nan)], r"again\[0\]\.share is 0 to 1, not nan"),
        ("again", [Again(0, 0.1, 0)], r"again\[0\]\.times is 1 to 100, not 0"),
        ("restocks", [Restock(0.1, "a", 0)], r"restocks\[0\]\.quantity is 1 to 1000000, not 0"),
    ],
)
def test_what_spoils_a_plan_is_named_by_its_field(plan, field, value, sentence):
    with pytest.raises(PlanError, match=sentence):
        plan(**{field: value})


def test_every_reason_is_given_at_once(plan):
    with pytest.raises(PlanError) as caught:
        plan(clients=0, phases=[], items=[])
    assert [line.split()[0] for line in str(caught.value).splitlines()] == ["clients", "phases", "errand.items"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"seed": 7', '"seed": "x"', r"Expected `int`, got `str` - at `\$\.seed`"),
        ('"seed": 7', '"seeds": 7', "unknown field `seeds`"),
        ('"shape": "steady"', '"shape": "wave"', r"Invalid enum value 'wave' - at `\$\.phases\[0\]\.shape`"),
        ('"clients": 5', '"clients": 0', "clients is at least 1, not 0"),
        ("}", "", "JSON is malformed"),
    ],
)
def test_what_spoils_a_plans_file_is_named_by_its_field(plan, tmp_path, old, new, sentence):
    path = write_plan(tmp_path / "plan.json", plan())
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(PlanError, match=sentence):
        read_plan(path)


def test_the_defaults_are_a_plan():
    assert Plan(
        seed=1,
        url="http://127.0.0.1:8080",
        epoch_ns=0,
        clients=1,
        phases=[Phase("steady", 1, 1)],
        errand=Sale(items=[Item("a", 0)]),
        directory=".",
    )
