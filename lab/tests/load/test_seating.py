"""A crowd that wants seats: what it asks is the seed's, and what needs a hold's token comes after it or not at all."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestServer
from box_office import BoxOffice
from hypothesis import given, settings
from hypothesis import strategies as some

from trivet_lab.evidence import Operation, VariantDirectory, read_history
from trivet_lab.load import (
    GUEST_SCOPES,
    HOLD_TTL_MS_LEAST,
    Again,
    Phase,
    Plan,
    PlanError,
    Seating,
    Show,
    Summary,
    Ways,
    main_operations,
    names_of_operations,
    read_plan,
    write_plan,
)
from trivet_lab.load.draft import Draft, Request
from trivet_lab.load.run import run
from trivet_lab.load.schedule import Intent, schedule

WAYS = msgspec.structs.fields(Ways)
VERBS = {"hold", "extend", "pin", "confirm", "release"}
SHOWS = [Show("main", 60, per_row=10), Show("cellar", 1)]


def crowd_of(path: Path | str = "x", seed: int = 7, **fields: Any) -> Plan:
    own = {name: fields.pop(name) for name in ("shows", "ways", "looked", "mistaken", "reused") if name in fields}
    usual = {
        "seed": seed,
        "url": "http://127.0.0.1:1",
        "inside": ("http://127.0.0.1:2", "http://127.0.0.1:3"),
        "epoch_ns": 0,
        "clients": 9,
        "phases": [Phase("steady", 60, 2)],
        "again": [Again(0.0, 0.1)],
        "directory": str(path),
        "errand": Seating(**{"shows": SHOWS, "ttl_ms_max": 1_200} | own),
    }
    return Plan(**usual | fields)


def only(way: str, **fields: Any) -> Plan:
    """Return a crowd whose visits all go one way, and do nothing beside it."""
    ways = Ways(**{each.name: float(each.name == way) for each in WAYS})
    return crowd_of(**{"ways": ways, "looked": 0.0, "mistaken": 0.0, "reused": 0.0, "again": []} | fields)


def asked(plan: Plan) -> list[tuple[Intent, Request]]:
    """Return every operation, those that are sent together too."""
    return [(intent, each) for intent in schedule(plan) for each in intent.request.entries or (intent.request,)]


def visits(plan: Plan) -> list[list[tuple[Intent, Request]]]:
    """Return what was asked visit by visit, which a hold's id tells, in the order in which it is due."""
    found: dict[str, list[tuple[Intent, Request]]] = {}
    for intent, request in asked(plan):
        found.setdefault("-".join(request.args["id"].split("-")[:2]), []).append((intent, request))
    return list(found.values())


def verbs(visit: list[tuple[Intent, Request]]) -> list[str]:
    return [request.f for _, request in visit]


@settings(max_examples=25, deadline=None)
@given(seed=some.integers(0, 2**32))
def test_a_seed_is_one_crowd_in_the_order_in_which_it_is_due(seed: int) -> None:
    drafts: list[list[Draft]] = [list(stream) for stream in crowd_of(seed=seed).errand.drafts(crowd_of(seed=seed))]
    assert drafts == [list(stream) for stream in crowd_of(seed=seed).errand.drafts(crowd_of(seed=seed))]
    for stream in drafts:
        due = [draft.due_ns for draft in stream]
        assert due == sorted(due)
        assert all(0 <= draft.client < 9 for draft in stream)


def test_another_seed_is_another_crowd_and_a_plan_read_is_the_plan_written(tmp_path: Path) -> None:
    plan = crowd_of()
    assert asked(plan) != asked(crowd_of(seed=8))
    path = write_plan(tmp_path / "plan.json", plan)
    assert read_plan(path) == plan
    assert main_operations(path) == VERBS
    assert names_of_operations(path)["hold"] == ("show_id", "subject", "id")


def test_every_operation_has_a_number_of_its_own_whether_sent_together_or_not() -> None:
    numbers: list[int] = []
    for intent in schedule(crowd_of()):
        numbers += range(intent.op, intent.op + (len(intent.request.entries) or 1))
    assert numbers == list(range(len(numbers)))
    assert any(intent.request.entries for intent in schedule(crowd_of()))


def test_a_hall_has_every_seat_once_whatever_its_size() -> None:
    for seats in (1, 3, 10, 11, 95, 1_000, 50_000):
        show = Show("s", seats, per_row=10)
        ids = [seat for row in show.rows() for seat in row]
        assert len(set(ids)) == len(ids) == seats
        told = []
        for block in show.blocks():
            rows, per_row = block.get("rows", 0), block.get("seats_per_row", 0)
            numbered = [f"{block['name']}-{r}-{s}" for r in range(1, rows + 1) for s in range(1, per_row + 1)]
            told += block.get("seats") or numbered
        assert told == ids, "the hall that is created is the one that people choose from"


def test_people_want_the_front_and_sit_beside_each_other() -> None:
    show = Show("main", 200, per_row=10)
    holds = [request for _, request in asked(crowd_of(shows=[show])) if request.f == "hold"]
    rows = {seat: number for number, row in enumerate(show.rows()) for seat in row}
    for hold in holds:
        places = [int(seat.rsplit("-", 1)[1]) for seat in hold.args["seats"]]
        assert places == list(range(places[0], places[0] + len(places)))
        assert len({rows[seat] for seat in hold.args["seats"]}) == 1
        assert 1 <= len(places) <= 4
    in_front = sum(rows[hold.args["seats"][0]] < 2 for hold in holds)
    assert in_front > len(holds) / 2
    assert {len(hold.args["seats"]) for hold in holds} == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("settle", {"hold pin confirm", "hold pin confirm release"}),
        ("at_once", {"hold confirm"}),
        ("extend", {"hold extend pin confirm"}),
        ("abandon", {"hold", "hold read_hold"}),
        (
            "late",
            {
                "hold hold pin pin confirm confirm",
                "hold hold extend pin pin confirm confirm",
                "hold hold hold pin pin confirm confirm release",
            },
        ),
        ("rivals", {"hold pin pin confirm confirm", "hold pin pin confirm confirm release"}),
        ("scramble", {"hold " * 5 + "pin " * 5 + "confirm " * 4 + "confirm"}),
        ("batch", {"hold hold hold pin pin pin confirm confirm confirm"}),
    ],
)
def test_each_visit_goes_its_way(way: str, expected: set[str]) -> None:
    order = ["hold", "extend", "read_hold", "pin", "confirm", "release"]
    gone = {" ".join(sorted(verbs(visit), key=order.index)) for visit in visits(only(way))}
    assert gone == expected


def test_some_release_before_their_hold_and_some_after_it() -> None:
    came_first = Counter(verbs(visit)[0] for visit in visits(only("release")))
    assert came_first["release"] > 3
    assert came_first["hold"] > 3


def test_an_order_releases_before_and_after_it_pins() -> None:
    told = [verbs(visit) for visit in visits(only("undo"))]
    assert {each.index("release") < each.index("pin") for each in told} == {True, False}
    for visit in visits(only("undo")):
        by_order = {request.args["order_id"] for _, request in visit if "order_id" in request.args}
        assert len(by_order) == 1


def test_who_is_late_pins_when_the_time_is_over_and_somebody_else_holds_the_seats() -> None:
    for visit in visits(only("late")):
        holds = [(intent, request) for intent, request in visit if request.f == "hold"]
        (first, mine), (second, theirs), *third = holds
        assert mine.args["seats"] == theirs.args["seats"]
        over_ns = first.due_ns + mine.args["ttl_ms"] * 1_000_000
        assert second.due_ns > over_ns
        assert all(intent.due_ns > over_ns for intent, request in visit if request.f in {"pin", "extend"})
        given_back = [intent.due_ns for intent, request in visit if request.f == "release"]
        assert len(given_back) == len(third)
        for intent, request in third:
            assert second.due_ns < given_back[0] <= intent.due_ns
            assert request.args["seats"] == mine.args["seats"]


def test_two_orders_pin_one_hold_at_one_instant() -> None:
    for visit in visits(only("rivals")):
        (one, pin), (two, other) = [(intent, request) for intent, request in visit if request.f == "pin"]
        assert one.due_ns == two.due_ns
        assert pin.args["order_id"] != other.args["order_id"]
        released = [request.args["order_id"] for _, request in visit if request.f == "release"]
        assert released in ([], [other.args["order_id"]])


def test_some_want_undone_what_was_sold_to_them() -> None:
    wanted = 0
    for visit in visits(only("settle")):
        due = {request.f: intent.due_ns for intent, request in visit}
        orders = {request.args["order_id"] for _, request in visit if "order_id" in request.args}
        assert len(orders) == 1
        wanted += "release" in due
        assert due.get("release", due["confirm"] + 1) > due["confirm"]
    assert wanted


def test_several_want_one_seat_at_one_instant_under_one_id() -> None:
    for visit in visits(only("scramble")):
        holds = [(intent, request) for intent, request in visit if request.f == "hold"]
        assert len({(intent.due_ns, request.args["id"], *request.args["seats"]) for intent, request in holds}) == 1
        assert len({request.args["subject"] for _, request in holds}) == len(holds) == 5


def test_the_first_to_come_to_a_hall_scramble() -> None:
    shows = [Show("main", 60), Show("cellar", 1), Show("attic", 3)]
    plan = crowd_of(shows=shows, again=[], reused=0.0, looked=0.0)
    seen: set[str] = set()
    for visit in visits(plan):
        holds = [request for _, request in visit if request.f == "hold"]
        if (show := holds[0].args["show_id"]) not in seen:
            seen.add(show)
            assert len(holds) == 5
            assert len({seat for hold in holds for seat in hold.args["seats"]}) == 1
    assert seen == {"main", "cellar", "attic"}


def test_what_an_order_asks_goes_inside_and_what_a_person_asks_to_the_edge() -> None:
    plan = crowd_of()
    scopes = {who: scope for scope, whose in plan.errand.subjects(plan).items() for who in whose}
    for intent in schedule(plan):
        assert intent.request.inside == (scopes[intent.who] != GUEST_SCOPES)
        assert (intent.request.f in {"pin", "confirm", "together"}) == intent.request.inside
        assert intent.key is None


def test_a_person_asks_in_their_own_name() -> None:
    for intent, request in asked(crowd_of()):
        if "subject" in request.args and not intent.request.inside:
            assert intent.who == request.args["subject"]


def test_neither_the_history_nor_a_planned_body_has_a_token() -> None:
    for _, request in asked(crowd_of()):
        assert "token" not in request.args
        assert b'"token"' not in (request.body or b"")


def test_a_token_is_needed_only_of_what_comes_before_it() -> None:
    given: dict[str, int] = {}
    needing = 0
    for intent, request in asked(only("settle", mistaken=0.5, again=[Again(0.0, 0.2)])):
        if request.needs:
            needing += 1
            assert given[request.needs] <= intent.due_ns
        if request.gives:
            given.setdefault(request.gives, intent.due_ns)
    assert needing


def test_some_pins_show_another_holds_token_first() -> None:
    pins = [request for _, request in asked(only("settle", mistaken=0.5)) if request.f == "pin"]
    own = [pin.needs.endswith(f"/{pin.args['subject']}/{pin.args['id']}") for pin in pins]
    assert 0 < own.count(False) < own.count(True)
    assert own == ["token_of" not in pin.args for pin in pins], "the history tells whose token was shown"
    assert all(pin.args.get("token_of", pin.needs) == pin.needs for pin in pins)


def test_an_id_is_sent_again_with_other_seats() -> None:
    holds = [request for _, request in asked(only("settle", reused=1.0)) if request.f == "hold"]
    told = Counter((hold.args["show_id"], hold.args["subject"], hold.args["id"]) for hold in holds)
    assert set(told.values()) == {2}
    assert len({json.dumps(hold.args) for hold in holds}) == len(holds)


def test_what_only_looks_is_never_repeated_and_everything_else_is() -> None:
    plan = crowd_of(again=[Again(1.0, 1.0)])
    count = Counter(intent.request.f for intent in schedule(plan))
    once = Counter(intent.request.f for intent in schedule(crowd_of(again=[])))
    assert {f: count[f] / once[f] for f in once} == {f: 1 if f in {"read_hold", "seat_map"} else 2 for f in once}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"shows": []}, "errand.shows has at least one show"),
        ({"shows": [Show("a", 0)]}, r"errand.shows\[0\].seats is 1 to 50000, not 0"),
        ({"shows": [Show("batch", 1)]}, r"errand.shows\[0\].id is .* not 'batch'"),
        ({"shows": [Show("a", 1), Show("a", 1)]}, "errand.shows has an id twice"),
        ({"shows": [Show("a", 1, per_row=0)]}, "per_row is at least 1"),
        ({"shows": [Show("a", 1, weight=0)]}, "weight is above 0"),
        ({"looked": 1.5}, "errand.looked is 0 to 1, not 1.5"),
        ({"ways": Ways(*[0.0] * len(WAYS))}, "errand.ways are at least 0, and one is above 0"),
        ({"inside": ()}, "inside has the address of one replica at least"),
        ({"inside": ("http://127.0.0.1:2/x",)}, r"inside\[0\] is an http address without a path"),
        ({"errand": Seating(shows=SHOWS, ttl_ms_max=1)}, f"ttl_ms_max is {HOLD_TTL_MS_LEAST} to"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_reason(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        crowd_of(**wrong)


class Sent:
    """A crowd that was sent to two replicas of one box office."""

    def __init__(self, office: BoxOffice, hosts: list[str], summary: Summary, history: list[Operation]) -> None:
        self.office = office
        self.hosts = hosts
        self.summary = summary
        self.history = history

    def of(self, f: str) -> list[Operation]:
        return [operation for operation in self.history if operation.f == f]


def send(path: Path, office: BoxOffice, plan: Plan, shut: int = 0) -> Sent:
    """Send a crowd; the first replica cuts so many requests before it answers one."""

    async def scene() -> Sent:
        edge, one, two = TestServer(office.app()), TestServer(office.app()), TestServer(office.app())
        async with edge, one, two:
            urls = [str(server.make_url("/")).rstrip("/") for server in (edge, one, two)]
            hosts = [url.removeprefix("http://") for url in urls]
            office.shut[hosts[1]] = shut
            whole = msgspec.structs.replace(
                plan, url=urls[0], inside=tuple(urls[1:]), directory=str(path), epoch_ns=0, backoff_ms=1,
                lateness_budget_ms=60_000, cpu_budget=60,
            )  # fmt: skip
            guests = {who: who for whose in whole.errand.subjects(whole).values() for who in whose}
            summary = await run(whole, guests)
        return Sent(office, hosts, summary, list(read_history(VariantDirectory(path).history)))

    return asyncio.run(scene())


SHORT = {"phases": [Phase("steady", 60, 0.8)], "drain_ms": 5_000}


def test_a_whole_crowd_is_served_and_no_secret_is_written(tmp_path: Path) -> None:
    sent = send(tmp_path, BoxOffice(), crowd_of(**SHORT))
    assert {operation.f for operation in sent.history} >= {"hold", "pin", "confirm", "release"}
    assert sent.summary.ended.get("unknown", 0) == 0
    left_out = sum(sent.summary.left_out.values())
    assert sent.summary.operations == len(sent.history) + left_out
    assert set(sent.summary.left_out) == {"refused"}
    assert sent.summary.over_budget == []
    told = Counter(attempt.code for operation in sent.history for attempt in operation.attempts)
    assert {"already-held", "idempotency-key-reuse"} <= set(told)
    tokens = [hold["token"] for hold in sent.office.holds.values() if "token" in hold]
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert tokens
    assert not any(token.encode() in written for token in tokens)
    assert len(set(sent.office.sold)) == len(sent.office.sold)
    assert any(operation.outcome == "ok" for operation in sent.of("confirm"))


def test_two_answers_with_one_token_can_be_seen_to_have_one(tmp_path: Path) -> None:
    sent = send(tmp_path, BoxOffice(), only("settle", again=[Again(0.3, 1.0)], **SHORT))
    told: dict[Any, set[str]] = {}
    for hold in sent.of("hold"):
        if hold.outcome == "ok":
            told.setdefault((hold.args["subject"], hold.args["id"]), set()).add((hold.value or {})["token"])
    assert all(len(tokens) == 1 for tokens in told.values())
    assert len({token for tokens in told.values() for token in tokens}) == len(told) > 3


def test_an_office_that_looks_before_it_writes_sells_seats_twice(tmp_path: Path) -> None:
    sent = send(tmp_path, BoxOffice(naive=True), crowd_of(**SHORT))
    assert len(set(sent.office.sold)) < len(sent.office.sold)


def test_what_was_refused_is_not_pinned_and_counts_as_left_out(tmp_path: Path) -> None:
    sent = send(tmp_path, BoxOffice(), only("scramble", shows=[Show("cellar", 1)], **SHORT))
    held = [hold for hold in sent.of("hold") if hold.outcome == "ok"]
    refused = [hold for hold in sent.of("hold") if hold.outcome == "fail"]
    assert refused
    assert len(sent.of("pin")) == len(held)
    assert sent.summary.left_out == {"refused": sent.summary.operations - len(sent.history)}


def test_a_late_answer_makes_what_needs_it_later_and_not_late(tmp_path: Path) -> None:
    plan = only("settle", shows=[Show("main", 2_000)], **SHORT)
    sent = send(tmp_path, BoxOffice(slow_s=0.9), plan)
    held = {operation.args["id"]: operation for operation in sent.of("hold") if operation.outcome == "ok"}
    for pin in sent.of("pin"):
        assert pin.call_ns >= held[pin.args["id"]].return_ns, "whoever pins has read the hold's answer"
    assert len(sent.of("pin")) == len(held)
    assert sent.summary.lateness_ms.p99 < 500, "that the answer was late is in the hold's latency, once"


def test_what_waits_for_an_answer_when_the_crowd_ends_is_left_out_unanswered(tmp_path: Path) -> None:
    plan = only("settle", shows=[Show("main", 2_000)], phases=SHORT["phases"], drain_ms=200)
    sent = send(tmp_path, BoxOffice(slow_s=30), plan)
    waiting = [request for _, request in asked(plan) if request.needs or request.follows]
    assert sent.summary.left_out == {"unanswered": len(waiting)}
    assert sent.summary.operations == len(sent.history) + len(waiting)
    assert sent.of("pin") == []


def test_settling_goes_round_the_replicas_and_on_to_the_next_after_a_cut(tmp_path: Path) -> None:
    sent = send(tmp_path, BoxOffice(), only("settle", **SHORT), shut=3)
    asked_of = Counter(host for host, method, path in sent.office.asked if path.endswith(("/pin", "/confirm")))
    assert set(asked_of) == set(sent.hosts[1:])
    cut = [operation for operation in sent.history if operation.attempts[0].status == 0]
    assert len(cut) == 3
    assert all(len(operation.attempts) == 2 and operation.outcome != "unknown" for operation in cut)


def test_what_is_sent_together_is_answered_each_by_itself(tmp_path: Path) -> None:
    sent = send(tmp_path, BoxOffice(), only("batch", shows=[Show("main", 20)], **SHORT))
    by_trace: dict[str | None, list[Operation]] = {}
    for operation in sent.history:
        by_trace.setdefault(operation.attempts[0].trace, []).append(operation)
    statuses = {tuple(sorted(each.status for each in group)) for group in by_trace.values()}
    assert any(len(set(group)) > 1 for group in statuses), "one of those that came together was refused"
    assert sorted(operation.op for operation in sent.history) == sorted({operation.op for operation in sent.history})
