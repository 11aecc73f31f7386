"""Writes a variant's directory of a right rush for seats of any size: ``write_rush.py DIRECTORY OPERATIONS``.

Effects happen one after the other, each inside its operation's interval; about five hundred are in flight at any time.
"""

import contextlib
import itertools
import random
import runpy
import sys
from pathlib import Path
from typing import Any

import msgspec

from trivet_lab.evidence import Attempt, Operation, encode_operation

Reservation = runpy.run_path(str(Path(__file__).with_name("seats_model.py")))["Reservation"]
SHOWS, SEATS = 20, 2_500
STEP_NS, IN_FLIGHT = 50_000, 500
AFTERWARDS = {"extend": 3, "pin": 6, "confirm": 2, "release": 3, "forget": 2}


class Rush:
    """Who holds what, and what the next person does about it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.shows = {f"show-{n}": {f"a-{m}": 1000 + m % 3 for m in range(SEATS)} for n in range(SHOWS)}
        self.service = Reservation(self.shows)
        self.held: list[tuple[dict[str, Any], str]] = []
        self.pinned: list[tuple[dict[str, Any], str]] = []
        self.liked = list(itertools.accumulate(1 / rank for rank in range(1, SEATS + 1)))

    def next(self, op: int, at_ns: int) -> tuple[str, dict[str, Any], Any]:
        """Do what the next person wants; return what it was and what it was answered."""
        chance = self.chance
        if self.pinned and chance.random() < 0.2:
            place, token = self._any(self.pinned)
            f = chance.choices(["confirm", "release"], [1, 4])[0]
            return f, place, self._do(f, place, token, at_ns)
        if self.held and chance.random() < 0.4:
            place, token = self._any(self.held)
            f = chance.choices(list(AFTERWARDS), AFTERWARDS.values())[0]
            if f != "forget":
                return self._go_on(f, place, token, op, at_ns)
        show_id = f"show-{chance.randrange(SHOWS)}"
        first = chance.choices(range(SEATS), cum_weights=self.liked)[0]
        seats = [f"a-{(first + n) % SEATS}" for n in range(chance.choice([1, 1, 2]))]
        place = {"show_id": show_id, "id": f"h{op}", "subject": f"s{op % 500}"}
        args = place | {"seats": seats, "ttl_ms": chance.choice([1000, 2000, 4000])}
        answer = self.service.hold(args, at_ns)
        if answer[0] == 201:
            self.held.append((place, answer[1]["token"]))
        return "hold", args, answer

    def _go_on(self, f: str, place: dict[str, Any], token: str, op: int, at_ns: int) -> Any:
        args = dict(place)
        if f == "extend":
            args["ttl_ms"] = 2000
            self.held.append((place, token))
        elif f != "release":
            args["order_id"] = f"o{op}"
        answer = self._do(f, args, token, at_ns)
        if f == "pin" and answer[0] == 200:
            self.pinned.append((args, token))
        return f, args, answer

    def _do(self, f: str, args: dict[str, Any], token: str, at_ns: int) -> Any:
        payload = args | {"f": f, "token": token}
        if f not in ("pin", "confirm"):
            return getattr(self.service, f)(payload, at_ns)
        begun = self.service.begin(payload, at_ns)
        return self.service.finish(payload, begun, at_ns) if isinstance(begun, int) else begun

    def _any(self, several: list[Any]) -> Any:
        place = self.chance.randrange(len(several))
        several[place], several[-1] = several[-1], several[place]
        return several.pop()


def line(op: int, f: str, args: dict[str, Any], answer: Any, span: tuple[int, int]) -> bytes:
    status, body = answer
    value = {name: body[name] for name in body if name != "token"}
    code = value["code"] if status >= 300 else None
    attempt = Attempt(*span, status, code, f"127.0.0.1:{41001 + op % 2}", f"{op:032x}")
    outcome = "ok" if status < 300 else "fail"
    return encode_operation(Operation(op, op % 500, f, args, None, outcome, value, [attempt]))


def write_rush(directory: Path, operations: int) -> dict[str, int]:
    """Write history, ledgers and load.json; return how many were refused, settled and granted."""
    chance = random.Random(operations)  # noqa: S311  - a crowd that is the same each time is no secret
    rush = Rush(chance)
    counts = {"refused": 0, "settled": 0, "granted": 0}
    (directory / "ledger").mkdir(parents=True, exist_ok=True)
    with (directory / "history.jsonl").open("wb") as history:
        for op in range(operations):
            at_ns = (op + IN_FLIGHT) * STEP_NS
            f, args, answer = rush.next(op, at_ns)
            counts["refused"] += f == "hold" and answer[0] == 409
            counts["granted"] += f == "hold" and answer[0] == 201
            counts["settled"] += f in ("pin", "confirm") and answer[0] == 200
            reach = IN_FLIGHT * STEP_NS // 2
            span = at_ns - chance.randrange(reach), at_ns + chance.randrange(reach)
            history.write(line(op, f, args, answer, span))
        rest_ns = (operations + IN_FLIGHT) * STEP_NS + 60_000_000_000
        for number, show_id in enumerate(rush.shows):
            answer = 200, rush.service.seat_map(show_id, rest_ns)
            args = {"show_id": show_id, "rest": True}
            history.write(line(operations + number, "seat_map", args, answer, (rest_ns, rest_ns + 1)))
    with contextlib.ExitStack() as stack:
        for name, rows in rush.service.ledgers().items():
            file = stack.enter_context((directory / "ledger" / f"reservation.{name}.jsonl").open("wb"))
            file.write(msgspec.json.Encoder().encode_lines(rows))
    (directory / "load.json").write_text('{"over_budget": [], "lateness_ms": {"p99": 1.2}, "cpu_share": 0.4}')
    return counts


if __name__ == "__main__":
    print(write_rush(Path(sys.argv[1]), int(sys.argv[2])))  # noqa: T201  - a script prints
