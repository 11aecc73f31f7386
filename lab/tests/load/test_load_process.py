"""The load generator as it is used: its own process against a server in another."""

import signal
import socket
import subprocess

import pytest

from trivet_lab.latency import read_hlog
from trivet_lab.load import Item, Phase, Restock, command


def statuses(operation):
    return [(attempt.status, attempt.code) for attempt in operation.attempts]


def test_every_way_to_answer_ends_as_the_design_says(shop, plan, send):
    script = {
        "sold": ["200"],
        "gone": ["409"],
        "busy_then_sold": ["429", "429 0.001", "200"],
        "busy_then_gone": ["429", "409"],
        "always_busy": ["429 0"],
        "stranger": ["404"],
        "lost_then_sold": ["500", "cut", "torn", "garbage", "503", "200"],
        "lost_then_gone": ["500", "409"],
        "lost_then_refused": ["cut", "429", "404", "409 request-in-flight"],
        "in_flight_then_sold": ["409 request-in-flight", "200"],
        "proxy_gave_up": ["408"],
    }
    expected = {
        "sold": ("ok", [(200, None)]),
        "gone": ("fail", [(409, "out-of-stock")]),
        "busy-then-sold": ("ok", [(429, "lock-busy")] * 2 + [(200, None)]),
        "busy-then-gone": ("fail", [(429, "lock-busy"), (409, "out-of-stock")]),
        "always-busy": ("fail", [(429, "lock-busy")] * 8),
        "stranger": ("fail", [(404, "not-found")]),
        "lost-then-sold": (
            "ok",
            [(500, "internal"), (0, "cut"), (0, "cut"), (200, "unreadable"), (503, "unavailable"), (200, None)],
        ),
        "lost-then-gone": ("fail", [(500, "internal"), (409, "out-of-stock")]),
        "lost-then-refused": (
            "unknown",
            [(0, "cut"), (429, "lock-busy"), (404, "not-found")] + [(409, "request-in-flight")] * 5,
        ),
        "in-flight-then-sold": ("ok", [(409, "request-in-flight"), (200, None)]),
        "proxy-gave-up": ("unknown", [(408, "unreadable")] * 8),
    }
    server = shop(**script)
    ended = send(plan(server.url, items=[Item(item, 1) for item in expected], phases=[Phase("steady", 400, 0.5)]))
    assert {operation.args["item_id"] for operation in ended.history} == set(expected)
    for operation in ended.history:
        assert (operation.outcome, statuses(operation)) == expected[operation.args["item_id"]]
        assert (operation.value is None) == (operation.outcome == "unknown")
    bought = next(operation for operation in ended.history if operation.outcome == "ok")
    assert bought.value == {**bought.args, "done": True}


def test_the_wire_carries_one_key_and_one_trace_an_operation_and_one_span_an_attempt(shop, plan, send):
    server = shop(a=["500", "200"])
    ended = send(plan(server.url, restocks=[Restock(0.1, "a", 30)]))
    by_key = {}
    for request in server.seen():
        by_key.setdefault(request["key"], []).append(request)
    assert len(ended.history) == 41
    for operation in ended.history:
        requests = by_key.pop(operation.key)
        traces = [request["traceparent"].split("-") for request in requests]
        assert [trace for _, trace, _, _ in traces] == [attempt.trace for attempt in operation.attempts]
        assert len({span for _, _, span, _ in traces}) == len(requests) == 2
        assert {attempt.node for attempt in operation.attempts} == {"127.0.0.1:7"}
    assert not by_key
    (restock,) = (operation for operation in ended.history if operation.f == "restock")
    assert (restock.client, restock.args, restock.outcome) == (5, {"item_id": "a", "quantity": 30}, "ok")


def test_all_accounts_of_one_crowd_agree(shop, plan, send):
    server = shop(busy=["429", "200"], gone=["409"], lost=["500"])
    items = [Item(item, 1) for item in ("busy", "gone", "lost", "sold")]
    ended = send(plan(server.url, items=items, phases=[Phase("ramp", 20, 1.2, rate_to_per_s=150)]))
    history, summary = ended.history, ended.summary
    outcomes = {name: sum(operation.outcome == name for operation in history) for name in ("ok", "fail", "unknown")}
    assert summary.ended == outcomes
    assert summary.operations == summary.sent == len(history) == 102
    assert summary.attempts == sum(len(operation.attempts) for operation in history)
    assert sum(summary.outcomes.values()) == len(history)
    last = ended.said[-1]
    assert (last["sent"], last["ok"], last["refused"], last["unknown"], last["in_flight"]) == (
        len(history),
        *outcomes.values(),
        0,
    )
    assert sum(second.sent for second in summary.series) == len(history)
    assert sum(second.ok for second in summary.series) == outcomes["ok"]
    assert [second.at_s for second in summary.series] == sorted(second.at_s for second in summary.series)
    assert ended.latency("buy").count == ended.latency("buy.sent").count == len(history)
    assert summary.latency_ms.p99 == ended.latency("buy").percentile(99) / 1000
    logged_s = {start_s for start_s, _ in read_hlog(ended.directory.latency / "buy.hlog")}
    assert logged_s <= {round(second.at_s, 3) for second in summary.series}
    assert all(summary.started_ns <= operation.call_ns <= operation.return_ns for operation in history)
    assert max(operation.return_ns for operation in history) <= summary.ended_ns
    assert not summary.over_budget
    assert not summary.interrupted


def test_a_stopped_server_shows_in_the_99th_percentile_because_nobody_waits_for_it(shop, plan, begin):
    server = shop()
    server.process.send_signal(signal.SIGSTOP)
    generator = begin(plan(server.url, phases=[Phase("steady", 100, 1)]))
    for line in generator.lines():
        if line["sent"] == 100:
            assert line["ok"] == 0
            server.process.send_signal(signal.SIGCONT)
            break
    assert generator.end() == 0
    history = generator.history
    released_ns = min(operation.return_ns for operation in history)
    assert len(history) == 100
    assert all(operation.outcome == "ok" and operation.call_ns < released_ns for operation in history)
    withheld_us = sorted((released_ns - operation.call_ns) // 1000 for operation in history)
    assert generator.latency("buy").percentile(99) >= withheld_us[98]
    assert generator.latency("buy").percentile(50) >= withheld_us[49]
    assert generator.summary.in_flight_max == 100


def test_waiting_for_a_connection_is_lateness_and_latency_and_over_budget(shop, plan, begin):
    server = shop()
    server.process.send_signal(signal.SIGSTOP)
    generator = begin(
        plan(server.url, phases=[Phase("steady", 20, 1)], connections_max=1, lateness_budget_ms=1, cpu_budget=1e-6)
    )
    for line in generator.lines():
        if line["in_flight"] == 20:
            assert line["sent"] == 1
            server.process.send_signal(signal.SIGCONT)
            break
    assert generator.end() == 0
    summary, first = generator.summary, generator.history[0]
    due_to_the_last_ns = generator.history[-1].call_ns - first.call_ns
    assert summary.sent == 20
    assert summary.lateness_ms.max * 1e6 >= first.return_ns - first.call_ns - 51_000_000
    assert summary.latency_ms.p50 > summary.latency_sent_ms.p50
    assert due_to_the_last_ns >= first.return_ns - first.call_ns
    assert [sentence.split("budget is")[1] for sentence in summary.over_budget] == [" 1 ms", " 0%"]


def test_a_server_that_is_down_leaves_everything_unknown_and_the_run_ends(plan, send):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens here, and nobody else can
        ended = send(plan(f"http://127.0.0.1:{closed.getsockname()[1]}", attempts_max=3))
    assert [operation.outcome for operation in ended.history] == ["unknown"] * 40
    assert all(statuses(operation) == [(0, "cut")] * 3 for operation in ended.history)
    assert ended.summary.outcomes == {"0": 40}


def test_an_attempt_without_an_answer_times_out_and_its_repeat_resolves_it(shop, plan, send):
    server = shop(a=["silent", "200"])
    ended = send(plan(server.url, timeout_ms=100, attempts_max=1_000))
    for operation in ended.history:
        *lost, last = statuses(operation)
        assert set(lost) == {(0, "timeout")}
        assert last == (200, None)


def test_the_drains_end_is_the_crowds_end(shop, plan, send):
    ended = send(plan(shop(a=["silent"]).url, drain_ms=50))
    assert [(operation.outcome, *statuses(operation)) for operation in ended.history] == [("unknown", (0, "cut"))] * 40


def test_operations_that_never_found_a_connection_are_counted_and_not_in_the_history(shop, plan, send):
    ended = send(plan(shop(a=["silent"]).url, connections_max=3, drain_ms=50))
    assert (ended.summary.operations, ended.summary.sent, len(ended.history)) == (40, 3, 3)
    assert any(sentence.startswith("37 operations were due and never sent") for sentence in ended.summary.over_budget)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_bounded_with_everything_written(shop, plan, begin, number):
    server = shop(a=["silent"])
    generator = begin(plan(server.url, phases=[Phase("steady", 20, 3600)], timeout_ms=1_500, attempts_max=1_000))
    next(generator.lines())
    generator.process.send_signal(number)
    assert generator.end() == 130
    assert generator.summary.interrupted
    assert generator.summary.sent == len(generator.history) > 0
    assert {operation.outcome for operation in generator.history} == {"unknown"}


def test_it_ends_when_nobody_reads_its_lines_any_more(shop, plan, begin):
    generator = begin(plan(shop().url, phases=[Phase("steady", 20, 3600)]))
    next(generator.lines())
    generator.process.stdout.close()
    assert generator.process.wait(timeout=60) == 130
    assert generator.summary.interrupted


def test_an_unusable_plan_is_refused_with_what_spoils_it(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text("{}")
    ended = subprocess.run(command(path), capture_output=True, check=False, text=True)
    assert ended.returncode == 254
    assert ended.stderr.splitlines() == [
        f"the plan {path} cannot be used:",
        "Object missing required field `seed`",
    ]


def test_anything_but_one_plan_is_answered_with_the_usage(tmp_path):
    ended = subprocess.run([*command(tmp_path), "more"], capture_output=True, check=False, text=True)
    assert (ended.returncode, ended.stderr) == (254, "usage: python -m trivet_lab.load PLAN.json\n")


def test_a_directory_that_cannot_be_written_is_the_labs_own_failure(tmp_path, shop, plan, begin):
    (tmp_path / "variant").write_text("a file stands in the way")
    assert begin(plan(shop().url)).end() == 254
