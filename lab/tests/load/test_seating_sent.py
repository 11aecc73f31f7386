"""A crowd that wants seats, sent: what needs a hold's token comes after its answer or not at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from aiohttp.test_utils import TestServer
from box_office import BoxOffice
from seat_crowds import asked, crowd_of, only

from trivet_lab.evidence import Operation, VariantDirectory, read_history
from trivet_lab.load import Again, Phase, Plan, Show, Summary
from trivet_lab.load.run import run


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
