"""Impostors follow what they saw, each kind in its turn, and a crowd comes as it would without them."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from trivet_lab.load import (
    ATTACK,
    CUSTOMER_SCOPES,
    FORGERIES,
    MALLORY,
    STOLEN,
    TILL,
    Account,
    Again,
    Phase,
    Plan,
    PlanError,
    Siege,
    Spending,
    read_plan,
    write_plan,
)
from trivet_lab.load.draft import Draft
from trivet_lab.load.schedule import Intent, schedule

CUSTOMERS = [f"customer-{number}" for number in range(4)]
ACCOUNTS = [
    *(Account(name, "customer", 1000, f"key-{name}") for name in CUSTOMERS),
    Account("shop", "merchant", 0, "key-shop"),
]
OWN = {"replayed", "imitated", "charged", "pocketed", "read", "batched"}
KINDS = OWN | set(FORGERIES) | set(STOLEN)


def crowd_of(errand: type[Spending] = Siege, seed: int = 7, **fields: Any) -> Plan:
    own = {"impostors": [Account(MALLORY, "customer", 0, "key-mallory")]} if errand is Siege else {}
    return Plan(
        seed=seed,
        url="http://127.0.0.1:1",
        epoch_ns=0,
        clients=9,
        phases=[Phase("steady", 100, 2)],
        again=[Again(0.0, 0.1, 2)],
        directory="x",
        errand=errand(**{"accounts": ACCOUNTS, "amount_max_minor": 300} | own | fields),
    )


def drafts(plan: Plan) -> list[list[Draft]]:
    return [list(stream) for stream in plan.errand.drafts(plan)]


def attacks(**fields: Any) -> list[Intent]:
    return [intent for intent in schedule(crowd_of(**fields)) if intent.request.f == ATTACK]


def kinds_of(crowd: list[Intent]) -> Counter[str]:
    return Counter(attack.request.args["attack"] for attack in crowd)


def test_every_kind_comes_in_a_short_crowd_and_none_more_often_than_another() -> None:
    count = kinds_of(attacks(attacked=0.2))
    assert set(count) == KINDS
    assert max(count.values()) - min(count.values()) <= 1


def test_a_plan_read_is_the_plan_written(tmp_path: Any) -> None:
    plan = crowd_of(attacked=0.25)
    assert read_plan(write_plan(tmp_path / "plan.json", plan)) == plan


@settings(max_examples=25)
@given(seed=some.integers(0, 2**32), attacked=some.floats(0, 1))
def test_a_seed_is_one_siege_and_the_crowd_comes_as_if_nobody_followed_it(seed: int, attacked: float) -> None:
    besieged = drafts(crowd_of(seed=seed, attacked=attacked))
    assert besieged == drafts(crowd_of(seed=seed, attacked=attacked))
    assert besieged[:-1] == drafts(crowd_of(Spending, seed=seed))
    due = [attack.due_ns for attack in besieged[-1]]
    assert due == sorted(due)


def test_another_seed_is_another_siege() -> None:
    assert attacks() != attacks(seed=8)


def test_as_many_movements_are_followed_as_was_asked() -> None:
    movements = sum(draft.request.f in Spending.MAIN for draft in drafts(crowd_of())[0])
    assert attacks(attacked=0) == []
    assert len(attacks(attacked=1)) == movements
    assert 0.3 * movements < len(attacks(attacked=0.5)) < 0.7 * movements


def test_an_attack_comes_after_what_it_follows() -> None:
    plan = crowd_of(attacked=1)
    seen = [draft.due_ns for draft in drafts(plan)[0] if draft.request.f in Spending.MAIN]
    followed = sorted(attack.due_ns for attack in attacks(attacked=1))
    assert len(seen) == len(followed)
    assert all(first < then for first, then in zip(seen, followed, strict=True))


def test_a_replay_is_what_was_seen_under_its_key_in_another_name() -> None:
    first: dict[str | None, Intent] = {}
    for intent in schedule(crowd_of(attacked=1)):
        if intent.request.f in Spending.MAIN:
            first.setdefault(intent.key, intent)
    replays = [attack for attack in attacks(attacked=1) if attack.request.args["attack"] == "replayed"]
    assert replays
    for replay in replays:
        original = first[replay.key]
        assert (replay.request.path, replay.who) == (original.request.path, MALLORY)
        assert msgspec.json.decode(replay.request.body or b"") == original.request.args
        assert original.who != MALLORY
        assert replay.due_ns > original.due_ns


def test_each_shows_the_token_that_makes_it_an_attack_and_only_a_replay_has_a_key_of_the_crowds() -> None:
    plan = crowd_of(attacked=1)
    known = {draft.key for stream in drafts(plan)[:-1] for draft in stream if draft.key}
    for attack in attacks(attacked=1):
        kind = attack.request.args["attack"]
        assert attack.who == (MALLORY if kind in OWN - {"batched"} else TILL if kind == "batched" else kind)
        assert (attack.key in known) == (kind == "replayed")
        assert attack.key is None or uuid.UUID(attack.key).version == 4
        assert 0 <= attack.client < plan.clients


def test_attacks_alone_are_sent_once() -> None:
    """Nothing that they could be told would end a doubt, and the crowd's own are asked for until they are told."""
    assert all(intent.request.once == (intent.request.f == ATTACK) for intent in schedule(crowd_of(attacked=1)))


def test_each_wants_what_its_name_says() -> None:
    bodies: dict[str, list[Intent]] = {}
    for attack in attacks(attacked=1):
        bodies.setdefault(attack.request.args["attack"], []).append(attack)
    for kind in {"imitated", *FORGERIES, *STOLEN}:
        for each in bodies[kind]:
            assert each.request.path == "/transfers"
            assert each.request.args["from_account_id"] in CUSTOMERS
            assert each.request.args["to_account_id"] == MALLORY
    assert {each.request.args["customer_account_id"] for each in bodies["charged"]} <= set(CUSTOMERS)
    assert {each.request.args["account_id"] for each in bodies["pocketed"]} == {MALLORY}
    assert {(each.request.method, each.request.body, each.key) for each in bodies["read"]} == {("GET", None, None)}
    assert {each.request.path.removeprefix("/accounts/") for each in bodies["read"]} <= set(CUSTOMERS)
    assert {each.request.path for each in bodies["batched"]} == {"/charges/batch"}


def test_tokens_are_asked_for_in_the_names_of_the_crowd_and_of_one_impostor() -> None:
    besieged, plain = crowd_of(), crowd_of(Spending)
    expected = {**plain.errand.subjects(plain), CUSTOMER_SCOPES: [MALLORY]}
    assert besieged.errand.subjects(besieged) == expected
    assert "accounts.any" not in CUSTOMER_SCOPES.split()


@pytest.mark.parametrize("attacked", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_share_that_is_none_is_named_by_its_field(attacked: float) -> None:
    with pytest.raises(PlanError, match=r"errand\.attacked is 0 to 1, not"):
        crowd_of(attacked=attacked)


def test_what_spoils_the_crowd_spoils_the_siege() -> None:
    with pytest.raises(PlanError, match="at least two customers"):
        crowd_of(accounts=ACCOUNTS[3:])
