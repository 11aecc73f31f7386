"""A right reservation is never called wrong, whatever its crowd does; one that lacks a guard is caught."""

import heapq
import random
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

MODEL = runpy.run_path(str(Path(__file__).with_name("seats_model.py")))
HALL = runpy.run_path(str(Path(__file__).with_name("seats_hall.py")))
BROKEN = runpy.run_path(str(Path(__file__).with_name("seats_broken.py")))
Reservation = MODEL["Reservation"]
SEEDS_MAX = 300
MS = 1_000_000
STEP_MS = 10
EVIDENCE = {"answers_complete", "generator_on_time", "no_lost_confirm", "seats_contended"}
"""Rules that may have had nothing to look at."""
Wish = Iterator[Any]


def person(chance: random.Random, number: int, shows: dict[str, dict[str, int]]) -> Any:
    """Want a few seats until some are had, and then one of all that people do; yields (pause, f, args)."""
    show_id = chance.choice(sorted(shows))
    for turn in range(chance.randint(1, 3)):
        seats = chance.sample(sorted(shows[show_id]), min(chance.choice([1, 1, 2, 3]), len(shows[show_id])))
        place = {"show_id": show_id, "subject": f"s{number % 5}", "id": f"h{number}-{turn}"}
        if chance.random() < 0.06:
            yield 1, "release", place
        ask = place | {"seats": seats, "ttl_ms": chance.choice([300, 1000, 2500, 4000])}
        answer = yield chance.randrange(60), "hold", ask
        if chance.random() < 0.15:
            answer = (yield chance.randrange(40), "hold", ask) or answer
        if chance.random() < 0.1:
            other = chance.sample(sorted(shows[show_id]), min(chance.choice([1, 2]), len(shows[show_id])))
            yield chance.randrange(200), "hold", ask | {"seats": other}
        if answer and answer[0] == 201:
            while chance.random() < 0.3:
                yield chance.randrange(60), "extend", place | {"ttl_ms": chance.choice([300, 1000, 2000, 6000])}
            yield from chance.choices(PATHS, [2, 3, 6, 2])[0](chance, place, f"o{number}")
            return


def abandoned(chance: random.Random, place: Any, order: str) -> Wish:
    del chance, place, order
    yield from ()


def given_back(chance: random.Random, place: Any, order: str) -> Wish:
    yield chance.randrange(80), "release", place
    if chance.random() < 0.5:
        yield chance.randrange(10), chance.choice(["pin", "confirm"]), place | {"order_id": order}


def pinned(chance: random.Random, place: Any, order: str) -> Wish:
    if chance.random() < 0.1:
        yield 1, "release", place | {"order_id": order}
    yield chance.randrange(90), "pin", place | {"order_id": order}
    if chance.random() < 0.2:
        yield chance.randrange(90), "pin", place | {"order_id": chance.choice([order, "o-other"])}
    after = chance.choices(["confirm", "undo", "leave", "release"], [6, 4, 1, 1])[0]
    if after == "undo":
        yield chance.randrange(60), "release", place | {"order_id": order}
        if chance.random() < 0.5:
            yield chance.randrange(30), "pin", place | {"order_id": order}
    elif after == "release":
        yield chance.randrange(60), "release", place
    elif after == "confirm":
        yield chance.randrange(90), "confirm", place | {"order_id": order}


def confirmed(chance: random.Random, place: Any, order: str) -> Wish:
    yield chance.randrange(90), "confirm", place | {"order_id": order}


PATHS = [abandoned, given_back, pinned, confirmed]


class Crowd:
    """Runs persons over a service on a coarse clock, so that instants often coincide; some attempts are lost."""

    def __init__(self, hall: Any, chance: random.Random, *, lost: float) -> None:
        self.hall, self.chance, self.lost = hall, chance, lost
        self.queue: list[tuple[int, int, float, Callable[[int], None]]] = []

    def at(self, when: int, phase: int, step: Callable[[int], None]) -> None:
        heapq.heappush(self.queue, (when, phase, self.chance.random(), step))

    def run(self) -> int:
        now = 0
        while self.queue:
            now, _, _, step = heapq.heappop(self.queue)
            step(now)
        return now

    def come(self, wishes: Any) -> None:
        self.at(self.chance.randrange(150) * STEP_MS * MS, 0, lambda now: self.next(wishes, None, now))

    def next(self, wishes: Any, answer: Any, now: int) -> None:
        try:
            pause, f, args = wishes.send(answer)
        except StopIteration:
            return
        spans: list[tuple[Any, ...]] = []
        self.at(now + pause * STEP_MS * MS, 0, lambda at: self.attempt(wishes, f, args, spans, at))

    def attempt(self, wishes: Any, f: str, args: Any, spans: list[tuple[Any, ...]], call: int) -> None:
        """Send a request; what becomes of it is drawn now."""
        until = call + self.chance.randrange(20) * STEP_MS * MS
        told: list[Any] = []
        is_lost = self.chance.random() < self.lost
        first = self.chance.randint(call, until)
        if is_lost and self.chance.random() < 0.3:
            first = call + self.chance.randrange(90) * STEP_MS * MS  # after everybody has gone
        second = self.chance.randint(first, max(first, until))
        dies = self.chance.choice(["before", "midway", "unmarked", "after"]) if is_lost else "after"
        if dies != "before":
            self.at(first, 1, lambda at: self.execute(f, args, told, dies, at, second))
        self.at(until, 3, lambda at: self.conclude(wishes, f, args, spans, (call, at), told if not is_lost else None))

    def execute(self, f: str, args: Any, told: list[Any], dies: str, at: int, second: int) -> None:
        service = self.hall.service
        if f not in ("pin", "confirm"):
            told.append(self.hall.serve(f, args, at))
            return
        place = args["show_id"], args["subject"], args["id"]
        payload = {"f": f, "token": self.hall.tokens.get(place, ""), **args}
        begun = service.begin(payload, at)
        if not isinstance(begun, int):
            told.append(begun)
        elif dies != "midway":
            marks = dies != "unmarked"
            self.at(second, 2, lambda now: told.append(service.finish(payload, begun, now, marks=marks)))

    def conclude(self, wishes: Any, f: str, args: Any, spans: Any, span: Any, told: Any) -> None:
        if told:
            answer = told[0]
            was_lost = any(len(each) > 2 for each in spans)
            spans.append((*span, answer[0], answer[1].get("code") if answer[0] >= 300 else None))
            speaks_of_itself = answer[0] in (403, 404, 422) and was_lost
            operation = self.hall.tell(f, args, answer, *spans)
            if speaks_of_itself:
                operation.update(outcome="unknown", value=None)
            self.next(wishes, answer, span[1])
            return
        spans.append((*span, 0, "timeout"))
        if self.chance.random() < 0.7:
            self.at(
                span[1] + self.chance.randrange(20) * STEP_MS * MS,
                0,
                lambda at: self.attempt(wishes, f, args, spans, at),
            )
        else:
            self.hall.tell(f, args, None, *spans)
            self.next(wishes, None, span[1])


def simulate(new_hall: Any, kind: Any, seed: int, *, lost: float, wipes: int, persons: int = 40) -> Any:
    """Return what a crowd of this seed left."""
    chance = random.Random(seed)  # noqa: S311  - a crowd is no secret
    shows = {"hall": {f"a-{number}": 1000 + 500 * (number % 3) for number in range(chance.randint(1, 6))}}
    if chance.random() < 0.3:
        shows["stage"] = {"b-1": 700, "b-2": 900}
    hall = new_hall(shows, kind)
    crowd = Crowd(hall, chance, lost=lost)
    for number in range(persons):
        wishes = person(chance, number, shows)
        crowd.come(wishes)
    for number in range(wipes):
        asked = chance.randrange(20 + 100 * number, 280 + 100 * number) * STEP_MS * MS
        at = asked + chance.randrange(5) * STEP_MS * MS
        seen = at + chance.randrange(20) * STEP_MS * MS
        crowd.at(at, 1, lambda _: hall.service.wipe())
        hall.break_valkey(asked, seen)
    for number in range(40):
        crowd.at(number * 150 * MS, 2, hall.service.sweep)
    end = crowd.run() + 20_000 * MS
    hall.service.sweep(end)
    for show_id in shows:
        hall.look(end // MS + 10, end // MS + 20, show_id)
    return hall


CROWDS = {
    "calm": {"lost": 0.0, "wipes": 0},
    "lossy": {"lost": 0.3, "wipes": 0},
    "wiped": {"lost": 0.0, "wipes": 3},
    "lossy-and-wiped": {"lost": 0.25, "wipes": 2},
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_a_right_reservation_is_never_called_wrong(new_hall, seat_rules, crowd) -> None:
    for seed in range(60):
        findings = simulate(new_hall, Reservation, seed, **CROWDS[crowd]).judge()
        wrong = {name: found.observed for name, found in findings.items() if found.verdict == "invalid"}
        assert wrong == {}, seed
        for name in seat_rules - EVIDENCE:
            assert findings[name].verdict == "valid", (seed, name, findings[name].observed)


@pytest.mark.parametrize(
    ("broken", "crowd", "caught_by"),
    [
        ("PlainDelete", "calm", {"holds_exclusive"}),
        ("NoTokenAtPin", "calm", {"holds_exclusive", "expired_stays_over"}),
        ("Naive", "calm", {"seat_sold_once", "holds_exclusive", "expired_stays_over"}),
        ("NotReloaded", "wiped", {"sold_never_granted", "nothing_held_at_rest"}),
        ("ClientsClock", "calm", {"holds_exclusive"}),
        ("OneByOne", "calm", {"refused_holds_legal"}),
        ("ConfirmsExpired", "calm", {"expired_stays_over", "holds_exclusive"}),
        ("NoTombstone", "calm", {"tombstones_refuse"}),
        ("NoOrderTombstone", "calm", {"tombstones_refuse"}),
        ("StaleFence", "calm", {"seat_fences_grow"}),
        ("Acknowledging", "calm", {"no_lost_confirm", "settlements_consistent"}),
        ("Anew", "calm", {"one_answer_a_hold"}),
        ("Stingy", "calm", {"refused_holds_legal"}),
        ("Unloaded", "wiped", {"sold_never_granted"}),
        ("NeverSwept", "lossy", {"nothing_held_at_rest"}),
        ("Overcharging", "calm", {"settlements_consistent"}),
    ],
)
def test_what_lacks_a_guard_is_caught(new_hall, broken, crowd, caught_by) -> None:
    found: set[str] = set()
    for seed in range(SEEDS_MAX):
        found |= simulate(new_hall, BROKEN[broken], seed, **CROWDS[crowd]).invalid()
        if caught_by <= found:
            return
    pytest.fail(f"{SEEDS_MAX} crowds met {sorted(found)}, and never {sorted(caught_by - found)}")
