"""A crowd that orders, sent: ids come out of answers, lost answers are asked for again, and streams are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from order_counter import OrderCounter
from sent_crowds import Sent, expect_no_secret, send_to
from small_crowds import one_way

from trivet_lab.load import Ordering, Turns
from trivet_lab.load import stream as module


def send(path: Path, turn: str = "", *, again: float = 0.1, **counter: Any) -> Sent[OrderCounter]:
    """Send a crowd whose visits take one turn, or any."""
    errand = Ordering(customers=6, turns=one_way(Turns, turn) if turn else Turns())
    return send_to(OrderCounter(**counter), errand, path, rate_per_s=60, again=again)


def test_a_whole_crowd_is_served_and_no_secret_is_written(tmp_path: Path) -> None:
    sent = send(tmp_path)
    kinds = {"order", "another", "cancel", "look", "list", "timeline", "follow", "trespass"}
    assert {operation.f for operation in sent.history} == kinds
    assert sent.summary.ended.get("unknown", 0) == 0
    assert sent.summary.operations == len(sent.history)
    expect_no_secret(sent, tmp_path)


def test_what_is_about_an_order_names_it_and_comes_after_its_answer(tmp_path: Path) -> None:
    sent = send(tmp_path, "cancel", again=0.0)
    answered = {(operation.value or {})["id"]: operation.return_ns for operation in sent.of("order")}
    assert set(answered) == set(sent.counter.orders)
    for operation in sent.of("cancel"):
        assert operation.call_ns >= answered[operation.args["order_id"]]
        assert (operation.value or {})["status"] == "Order Cancelled"


def test_a_lost_answer_is_asked_for_again_under_its_key_and_tells_of_the_same_order(tmp_path: Path) -> None:
    sent = send(tmp_path, "look", again=0.0, cuts=5)
    lost = [attempt for operation in sent.of("order") for attempt in operation.attempts if attempt.status == 0]
    assert len(lost) == 5
    assert {operation.outcome for operation in sent.of("order")} == {"ok"}
    assert len(sent.counter.orders) == len(sent.of("order")) == len(sent.of("look"))


def test_another_payload_is_refused_and_anothers_order_is_not_there(tmp_path: Path) -> None:
    reused = send(tmp_path / "reuse", "reuse")
    assert {operation.attempts[-1].code for operation in reused.of("another")} <= {None, "idempotency-key-reuse"}
    spied = send(tmp_path / "trespass", "trespass")
    assert {(operation.status, operation.outcome) for operation in spied.of("trespass")} == {(404, "fail")}
    assert all(len(operation.attempts) == 1 for operation in spied.of("trespass"))


def test_a_stream_is_read_until_its_version_and_goes_on_from_what_is_known(tmp_path: Path) -> None:
    sent = send(tmp_path, "follow", again=0.0)
    known = {None if operation.args["after"] == 0 else "1" for operation in sent.of("follow")}
    assert set(sent.counter.last_ids) == known == {None, "1"}
    for operation in sent.of("follow"):
        events, after = (operation.value or {})["events"], operation.args["after"]
        assert [event["id"] for event in events] == [f"{n}" for n in range(after + 1, after + 1 + len(events))]
        assert [event["data"]["version"] for event in events] == [int(event["id"]) for event in events]
        if after < operation.args["until"]:
            assert (operation.value or {})["ended"] == "reached"


def test_who_waits_for_what_never_comes_leaves_in_time(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    sent = send(tmp_path, "follow", again=0.0)
    knowing = [operation for operation in sent.of("follow") if operation.args["after"] == operation.args["until"]]
    assert knowing
    assert {operation.outcome for operation in knowing} == {"ok"}
    assert [operation.value for operation in knowing] == [{"events": [], "ended": "left"}] * len(knowing)


def test_what_a_cut_stream_told_counts(tmp_path: Path) -> None:
    sent = send(tmp_path, "follow", again=0.0, cuts_streams=True)
    ends = {(operation.value or {})["ended"] for operation in sent.of("follow") if operation.value}
    assert "cut" in ends or "reached" in ends
    assert all(operation.outcome != "fail" for operation in sent.of("follow"))
