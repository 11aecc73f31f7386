"""A right order service is never called wrong, whatever its crowd does; one that lacks a guard is caught."""

import heapq
import random
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODEL = runpy.run_path(str(Path(__file__).with_name("orders_model.py")))
BROKEN = runpy.run_path(str(Path(__file__).with_name("orders_broken.py")))
Orders = MODEL["Orders"]
SEEDS, SEEDS_MAX = 40, 300
MS = 1_000_000
PERSONS = 25
EVIDENCE = {
    "answers_complete",
    "cancels_answered",
    "generator_on_time",
    "orders_owned",
    "orders_raced",
    "pages_complete",
    "timelines_gapless",
}
"""Rules that may have had nothing to look at."""
REFUSED = (0, "timeout")
IN_FLIGHT = (409, "request-in-flight")


def lines_of(chance: random.Random) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"item_id": f"i-{chance.randrange(3)}", "quantity": chance.randint(1, 3)}]
    if chance.random() < 0.3:
        found.append({"show_id": "hamlet", "hold_id": f"h-{chance.randrange(9)}"})
    return found


def person(chance: random.Random, number: int) -> Any:
    """Order, and do a few things about it; yields (pause, f, key, args), several at once as a list."""
    who = f"s{number % 4}"
    args = {"customer_id": who, "account_id": who, "lines": lines_of(chance)}
    key = f"k{number}"
    wanted = [(chance.randrange(30), "order", key, args)] * chance.choice([1, 1, 1, 3])
    if chance.random() < 0.2:
        other = args | {"operation": "order", "lines": [{"item_id": "i-0", "quantity": 9}]}
        wanted.append((chance.randrange(60), "another", key, other))
    answers = yield wanted
    made = [answer[1]["id"] for (_, f, *_), answer in zip(wanted, answers, strict=True) if f == "order" and ok(answer)]
    if not made:
        return
    about = {"customer_id": who, "order_id": made[0]}
    for _ in range(chance.randint(1, 4)):
        yield [
            (chance.randrange(40), f, None, about | more)
            for f, more in chance.choice(
                [
                    [("look", {})],
                    [("cancel", {})],
                    [("cancel", {}), ("cancel", {}), ("look", {})],
                    [("timeline", {}), ("follow", {"until": 1, "after": chance.randrange(2)})],
                    [("order", {})],
                    [("list", {})],
                    [("trespass", {"what": chance.choice(["look", "cancel", "timeline", "follow"])})],
                ]
            )
        ]


def ok(answer: Any) -> bool:
    return bool(answer and answer[0] < 300)


class Crowd:
    """Runs persons over a service on a coarse clock, so that instants often coincide; some attempts are lost."""

    def __init__(self, desk: Any, chance: random.Random, *, lost: float) -> None:
        self.desk, self.chance, self.lost = desk, chance, lost
        self.queue: list[tuple[int, int, float, Callable[[int], None]]] = []
        self.keys: dict[str, Any] = {}

    def at(self, when: int, phase: int, step: Callable[[int], None]) -> None:
        heapq.heappush(self.queue, (when, phase, self.chance.random(), step))

    def run(self) -> int:
        now = 0
        while self.queue:
            now, _, _, step = heapq.heappop(self.queue)
            step(now)
        return now

    def come(self, wishes: Any) -> None:
        self.at(self.chance.randrange(100) * 10 * MS, 0, lambda now: self.go_on(wishes, None, now))

    def go_on(self, wishes: Any, answers: Any, now: int) -> None:
        try:
            several = wishes.send(answers)
        except StopIteration:
            return
        told: list[Any] = [None] * len(several)
        left = [len(several)]

        def take(place: int, answer: Any, at: int) -> None:
            told[place] = answer
            left[0] -= 1
            if not left[0]:
                self.go_on(wishes, told, at)

        for place, (pause, f, key, args) in enumerate(several):
            name, asked = self.asked(f, key, args)
            asking = Asking(self, name[0], name[1], asked, lambda answer, at, place=place: take(place, answer, at))
            self.at(now + pause * 10 * MS, 0, asking.attempt)

    def asked(self, f: str, key: str | None, args: Any) -> tuple[tuple[str, str | None], Any]:
        """Return an operation as it is sent: a repeat of an order has its key, a page a size, and a spy a name."""
        if f == "order" and key is None:
            name = args["order_id"]
            row = next((row for row in self.desk.service.keys if row["order_id"] == name), None)
            if row is None:
                return ("look", None), args
            sent = {"customer_id": row["customer_id"], "account_id": row["payload"][0], "lines": row["payload"][1]}
            return ("order", row["key"]), sent
        if f == "list":
            page = {"customer_id": args["customer_id"], "limit": self.chance.choice([1, 3, 100])}
            below = {"before": True, "order_id": args["order_id"]} if self.chance.random() < 0.3 else {}
            return ("list", None), page | below
        if f == "trespass":
            return (f, None), args | {"customer_id": "spy"}
        return (f, key), args


class Asking:
    """One operation with its attempts."""

    def __init__(self, crowd: Crowd, f: str, key: str | None, args: Any, take: Callable[[Any, int], None]) -> None:
        self.crowd, self.f, self.key, self.args, self.take = crowd, f, key, args, take
        self.spans: list[tuple[Any, ...]] = []

    def attempt(self, call: int) -> None:
        """Send it; what becomes of it is drawn now: a lost one may have its effect, early, late, or never."""
        chance, service = self.crowd.chance, self.crowd.desk.service
        until = call + chance.randrange(20) * 10 * MS
        is_lost = chance.random() < self.crowd.lost
        first = chance.randint(call, until)
        if is_lost and chance.random() < 0.3:
            first = call + chance.randrange(90) * 10 * MS
        second = chance.randint(first, max(first, until))
        dies = chance.choice(["before", "midway", "after"]) if is_lost else ""
        told: list[Any] = []

        def begin(_: int) -> None:
            begun = service.begin(self.f, self.args, self.key)
            if dies != "midway":
                self.crowd.at(second, 2, lambda _: told.append(service.finish(begun, self.args)))

        if dies != "before":
            self.crowd.at(first, 1, begin)
        self.crowd.at(until, 3, lambda at: self.conclude(call, at, None if is_lost else told))

    def conclude(self, call: int, at: int, told: Any) -> None:
        chance, desk = self.crowd.chance, self.crowd.desk
        if told and self.key is not None and chance.random() < 0.05:
            told = None
            self.spans.append((call, at, *IN_FLIGHT))
        elif told:
            answer = told[0]
            self.spans.append((call, at, answer[0], answer[1].get("code") if answer[0] >= 300 else None))
            operation = desk.tell(self.f, self.key, self.args, answer, *self.spans)
            was_lost = any(status == 0 for _, _, status, *_ in self.spans)
            if answer[0] in (400, 403, 404) and was_lost:
                operation.update(outcome="unknown", value=None)
            self.take(answer, at)
            return
        else:
            self.spans.append((call, at, *REFUSED))
        if chance.random() < 0.8 and self.f != "trespass":
            self.crowd.at(at + chance.randrange(20) * 10 * MS, 0, self.attempt)
        else:
            desk.tell(self.f, self.key, self.args, None, *self.spans)
            self.take(None, at)


def simulate(new_desk: Any, kind: Any, seed: int, *, lost: float, crashes: float) -> Any:
    """Return what a crowd of this seed left, once its service has come to rest."""
    chance = random.Random(seed)  # noqa: S311  - a crowd is no secret
    desk = new_desk(kind)
    crowd = Crowd(desk, chance, lost=lost)
    for number in range(PERSONS):
        crowd.come(person(chance, number))

    def work(_: int) -> None:
        dies = chance.choice(["before_send", "before_mark"]) if chance.random() < crashes else ""
        desk.service.relay(chance.randrange(MODEL["SHARDS"]), dies)
        dies = chance.choice(["before_commit", "before_offsets"]) if chance.random() < crashes else ""
        desk.service.project(chance.randrange(MODEL["PARTITIONS"]), dies)

    for number in range(150):
        crowd.at(number * 20 * MS, 2, work)
    end = crowd.run()
    desk.settle()
    for number, row in enumerate(list(desk.service.orders.values())):
        asked = {"customer_id": row["customer_id"], "order_id": row["id"], "rest": True}
        desk.do("timeline", None, asked, (end + number, end + number + 1))
    return desk


CROWDS = {
    "calm": {"lost": 0.0, "crashes": 0.0},
    "lossy": {"lost": 0.3, "crashes": 0.0},
    "crashing": {"lost": 0.0, "crashes": 0.4},
    "lossy-and-crashing": {"lost": 0.25, "crashes": 0.3},
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_a_right_order_service_is_never_called_wrong(new_desk, order_rules, crowd) -> None:
    shown: set[str] = set()
    for seed in range(SEEDS):
        findings = simulate(new_desk, Orders, seed, **CROWDS[crowd]).judge()
        wrong = {name: found.observed for name, found in findings.items() if found.verdict == "invalid"}
        assert wrong == {}, seed
        shown |= {name for name, found in findings.items() if found.verdict == "valid"}
        for name in order_rules - EVIDENCE:
            assert findings[name].verdict == "valid", (seed, name, findings[name].observed)
    assert shown >= order_rules - {"answers_complete"}, "each has something to look at in some crowd"


@pytest.mark.parametrize(
    ("broken", "crowd", "caught_by"),
    [
        ("PublishesFirst", "lossy", {"no_phantom_event"}),
        ("MarksFirst", "crashing", {"no_lost_event", "timeline_equals_events"}),
        ("NoInbox", "crashing", {"timeline_equals_events"}),
        ("OffsetsFirst", "crashing", {"timeline_equals_events", "timelines_gapless"}),
        ("NoVersionCheck", "calm", {"events_equal_orders"}),
        ("ByRow", "crashing", {"events_in_order"}),
        ("ByCursor", "calm", {"no_lost_event"}),
        ("NoKeys", "calm", {"one_order_a_key"}),
        ("AnyPayload", "calm", {"one_order_a_key"}),
        ("ReplaysNow", "calm", {"one_order_a_key"}),
        ("Unowned", "calm", {"orders_owned", "cancels_answered"}),
        ("Forbids", "calm", {"orders_owned"}),
        ("Scatters", "calm", {"events_in_order"}),
        ("Leaping", "calm", {"timelines_gapless", "timeline_equals_events"}),
        ("Stale", "calm", {"statuses_told"}),
        ("Shrugging", "calm", {"cancels_answered"}),
        ("Acknowledging", "calm", {"no_lost_order"}),
        ("Refusing", "calm", {"no_phantom_order"}),
        ("Forgetful", "calm", {"pages_complete"}),
        ("Parking", "calm", {"nothing_parked", "timeline_equals_events"}),
        ("Retelling", "calm", {"told_as_ordered"}),
    ],
)
def test_what_lacks_a_guard_is_caught(new_desk, broken, crowd, caught_by) -> None:
    found: set[str] = set()
    for seed in range(SEEDS_MAX):
        found |= simulate(new_desk, BROKEN[broken], seed, **CROWDS[crowd]).invalid()
        if caught_by <= found:
            return
    pytest.fail(f"{SEEDS_MAX} crowds met {sorted(found)}, and never {sorted(caught_by - found)}")
