import itertools
from collections import Counter, defaultdict

import msgspec
import pytest

from trivet_lab.load import Account, Again, Phase, Plan, PlanError, Spending, Weights, read_plan, write_plan
from trivet_lab.load.schedule import schedule

CUSTOMERS = [f"customer-{number}" for number in range(4)]
ACCOUNTS = [
    *(Account(name, "customer", 1000, f"key-{name}") for name in CUSTOMERS),
    Account("shop", "merchant", 0, "key-shop"),
]
MOVING = {"transfer", "charge", "capture", "refund", "void", "deposit"}


def crowd_of(seed=7, again=(), rate=300, **fields):
    return Plan(
        seed=seed,
        url="http://127.0.0.1:1",
        epoch_ns=0,
        clients=9,
        phases=[Phase("steady", rate, 2)],
        again=list(again),
        directory="x",
        errand=Spending(**{"accounts": ACCOUNTS, "amount_max_minor": 300} | fields),
    )


def intents(**fields):
    return list(schedule(crowd_of(**fields)))


def of_charge(crowd, f):
    found = defaultdict(list)
    for intent in crowd:
        if intent.request.f == f:
            found[intent.request.args["charge_key"]].append(intent)
    return found


def test_a_plan_read_is_the_plan_written(tmp_path):
    plan = crowd_of(again=[Again(0, 0.1, 3)])
    assert read_plan(write_plan(tmp_path / "plan.json", plan)) == plan


def test_a_seed_is_one_crowd_to_the_byte():
    assert msgspec.json.encode(intents()) == msgspec.json.encode(intents())
    assert msgspec.json.encode(intents()) != msgspec.json.encode(intents(seed=8))


def test_operations_are_numbered_in_the_order_in_which_they_are_due_and_each_is_what_it_says():
    crowd = intents()
    assert [intent.op for intent in crowd] == list(range(len(crowd)))
    assert [intent.due_ns for intent in crowd] == sorted(intent.due_ns for intent in crowd)
    assert {intent.request.f for intent in crowd} == MOVING | {"another", "audit"}
    for intent in crowd:
        request = intent.request
        assert len(intent.trace) == 32
        assert set(intent.trace) != {"0"}
        if request.f == "audit":
            assert (request.method, request.path, request.body) == ("GET", "/accounts?limit=500", None)
            assert intent.key is None
        else:
            sent = {name: value for name, value in request.args.items() if name != "operation"}
            assert msgspec.json.decode(request.body) == sent
            assert (request.method, request.path) == ("POST", f"/{request.args.get('operation', request.f)}s")


def test_transfers_go_round_in_cycles_at_one_instant():
    crowd = intents(weights=Weights(1, 0, 0, 0, 0), reused=0)
    for _, group in itertools.groupby(crowd, key=lambda intent: intent.due_ns):
        hops = {intent.request.args["from_account_id"]: intent.request.args["to_account_id"] for intent in group}
        assert len(hops) == 3
        assert set(hops) == set(hops.values())
    assert all(1 <= intent.request.args["amount_minor"] <= 300 for intent in crowd)


def test_some_refunds_together_ask_for_more_than_was_captured():
    crowd = intents(weights=Weights(0, 1, 0, 0, 0), refunded=1, raced=0, reused=0)
    amounts = {intent.key: intent.request.args["amount_minor"] for intent in crowd if intent.request.f == "charge"}
    refunds = of_charge(crowd, "refund")
    assert refunds.keys() == amounts.keys()
    together = Counter(len(each) for each in refunds.values())
    assert together.keys() == {1, 3}
    for key, several in refunds.items():
        asked = sum(intent.request.args["amount_minor"] for intent in several)
        assert len({intent.due_ns for intent in several}) == 1
        assert asked > amounts[key] if len(several) == 3 and amounts[key] > 2 else asked >= 1


def test_voids_come_before_with_and_after_their_charge_and_race_captures():
    crowd = intents(weights=Weights(0, 1, 1, 0, 0), raced=1, reused=0)
    due = {intent.key: intent.due_ns for intent in crowd if intent.request.f == "charge"}
    captures = of_charge(crowd, "capture")
    places = Counter()
    for key, [void] in of_charge(crowd, "void").items():
        with_capture = [capture.due_ns == void.due_ns for capture in captures.get(key, [])]
        places["capture" if with_capture else (void.due_ns > due[key]) - (void.due_ns < due[key])] += 1
        assert all(with_capture)
    assert places.keys() == {"capture", -1, 0, 1}


def test_another_payload_comes_under_a_key_that_was_used_before():
    crowd = intents(reused=0.5)
    first = {intent.key: intent for intent in crowd if intent.request.f in MOVING}
    others = [intent for intent in crowd if intent.request.f == "another"]
    assert others
    for other in others:
        original = first[other.key]
        assert other.due_ns > original.due_ns
        assert other.request.path == original.request.path
        assert other.request.body != original.request.body
        assert other.request.args["operation"] == original.request.f


def test_many_ask_at_once_under_one_key_and_nobody_repeats_what_has_none():
    crowd = intents(again=[Again(0.0, 0.2, 3)])
    asked = Counter((intent.key, intent.request.f) for intent in crowd)
    assert {asked[name] for name in asked if name[1] in MOVING} == {1, 4}
    assert all(count == 1 for (key, f), count in asked.items() if f == "another")
    several = [intent for intent in crowd if asked[intent.key, intent.request.f] == 4 and intent.key]
    for key, group in itertools.groupby(sorted(several, key=lambda i: str(i.key)), key=lambda i: i.key):
        same = [intent for intent in group if intent.request.f != "another"]
        assert len({(intent.due_ns, intent.request.body) for intent in same}) == 1, key
        assert len({intent.client for intent in same}) >= 3


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"accounts": ACCOUNTS[:3]}, "accounts has at least two customers and one merchant"),
        ({"accounts": [*ACCOUNTS, ACCOUNTS[0]]}, r"accounts\[5\]\.id 'customer-0' stands twice"),
        ({"accounts": [*ACCOUNTS, Account("external-eur", "customer", 0, "k")]}, "never `batch` or `external-…`"),
        ({"accounts": [*ACCOUNTS, Account("a", "customer", -1, "k")]}, r"accounts\[5\]\.opening_minor is 0 to"),
        ({"accounts": [Account(f"a{n}", "customer", 0, "k") for n in range(500)]}, "accounts has at most 499"),
        ({"amount_max_minor": 0}, "amount_max_minor is 1 to"),
        ({"currency": "eur"}, "currency is three capital letters, not 'eur'"),
        ({"weights": Weights(0, 0, 0, 0, 0)}, "weights are at least 0, and one is above 0"),
        ({"refunded": 1.5}, r"refunded is 0 to 1, not 1\.5"),
    ],
)
def test_what_spoils_an_errand_is_named_by_its_field(fields, sentence):
    with pytest.raises(PlanError, match=rf"errand\.{sentence}|{sentence}"):
        crowd_of(**fields)


def test_a_request_without_a_key_or_a_body_is_sent_and_written_as_such(shop, send, plan):
    server = shop()
    accounts = {"accounts": ACCOUNTS, "amount_max_minor": 300, "weights": Weights(0, 0, 0, 0, 1)}
    ended = send(plan(server.url, errand=Spending(**accounts)))
    seen = server.seen()
    assert {(each["method"], each["path"], each["key"], each["body"]) for each in seen} == {
        ("GET", "/accounts?limit=500", None, "")
    }
    assert len({each["traceparent"] for each in seen}) == len(seen)
    assert {(operation.f, operation.key, operation.outcome) for operation in ended.history} == {("audit", None, "ok")}
    assert ended.summary.latency_ms.max == 0.0, "an audit is not what they came for"
