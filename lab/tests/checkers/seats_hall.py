"""What a rush for seats leaves, before it is written: a test breaks what it wants, then asks for the findings."""

import json
import runpy
from pathlib import Path
from typing import Any

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import Finding, VariantDirectory

Line = dict[str, Any]
MODEL = runpy.run_path(str(Path(__file__).with_name("seats_model.py")))
MS = 1_000_000
SEAT_LAWS = frozenset(
    {
        "expired_stays_over",
        "holds_exclusive",
        "no_lost_confirm",
        "no_phantom_confirm",
        "nothing_held_at_rest",
        "one_answer_a_hold",
        "refused_holds_legal",
        "seat_fences_grow",
        "seat_sold_once",
        "seats_contended",
        "settlements_consistent",
        "sold_never_granted",
        "tokens_compared",
        "tombstones_refuse",
    }
)
"""The rules of a reservation that are judged by the lab alone."""
SEAT_RULES = SEAT_LAWS | {"answers_complete", "generator_on_time", "history_whole", "no_defects"}


def write_lines(path: Path, lines: list[Line]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


class Hall:
    """A right reservation in memory, and what is told of it. Times of handmade histories are milliseconds."""

    def __init__(self, directory: VariantDirectory, shows: dict[str, dict[str, int]], kind: Any = None) -> None:
        self.directory = directory
        self.service = (kind or MODEL["Reservation"])(shows)
        self.history: list[Line] = []
        self.faults: list[Line] = []
        self.tokens: dict[tuple[str, str, str], str] = {}
        self.ledgers: dict[str, list[Line]] | None = None
        self.load: Line = {"over_budget": [], "lateness_ms": {"p50": 0.1, "p99": 0.9, "max": 3.0}, "cpu_share": 0.2}

    def tell(self, f: str, args: Line, answer: Any, *spans: tuple[Any, ...]) -> Line:
        """Write an operation; spans are (call_ns, return_ns) of attempts with this answer, or (…, status, code)."""
        told: list[Line] = []
        for call, until, *other in spans:
            status, code = other or (answer[0], answer[1].get("code") if answer[0] >= 300 else None)
            told.append({"call_ns": call, "return_ns": until, "status": status, "code": code, "node": "a:1"})
        if f == "hold" and answer and answer[0] == 201:
            self.tokens[args["show_id"], args["subject"], args["id"]] = answer[1].get("token", "")
        outcome = "unknown" if answer is None else "ok" if answer[0] < 300 else "fail"
        value = {name: answer[1][name] for name in answer[1] if name != "token"} if answer else None
        operation = {"op": len(self.history), "client": len(self.history) % 7, "f": f, "args": args, "key": None}
        operation |= {"outcome": outcome, "value": json.loads(json.dumps(value)), "attempts": told}
        self.history.append(operation)
        return operation

    def do(self, f: str, hold: str, *spans: tuple[Any, ...], **args: Any) -> Line:
        """Execute a request at the end of its last attempt, and write what was told of it.

        Args:
            f: what to ask for.
            hold: the hold's id; ``ann/1`` is the hold 1 of ann.
            spans: (call_ms, return_ms) or (…, status, code); one without an answer makes the operation unknown.
            args: beside show, subject and id.
        """
        args = {"show_id": "hall", "id": hold, "subject": hold.partition("/")[0], **args}
        times = [(call * MS, until * MS, *rest) for call, until, *rest in spans]
        answer: Any = None
        if len(spans[-1]) == 2:
            answer = self.serve(f, args, times[-1][1])
        return self.tell(f, args, answer, *times)

    def serve(self, f: str, args: Line, at: int) -> Any:
        place = args["show_id"], args["subject"], args["id"]
        payload = {"ttl_ms": 1000, "f": f, "token": self.tokens.get(place, ""), **args}
        if f in ("pin", "confirm"):
            begun = self.service.begin(payload, at)
            return self.service.finish(payload, begun, at) if isinstance(begun, int) else begun
        return getattr(self.service, f)(payload, at)

    def hold(self, hold: str, seats: str, *spans: tuple[Any, ...], ttl_ms: int = 1000) -> Line:
        return self.do("hold", hold, *spans, seats=seats.split(), ttl_ms=ttl_ms)

    def look(self, call_ms: int, return_ms: int, show_id: str = "hall") -> Line:
        """Read the map at rest."""
        answer = 200, self.service.seat_map(show_id, call_ms * MS)
        return self.tell("seat_map", {"show_id": show_id, "rest": True}, answer, (call_ms * MS, return_ms * MS))

    def wipe(self, asked_ms: int, at_ms: int, seen_ms: int) -> None:
        """Lose the memory, which somebody saw afterwards."""
        del at_ms
        self.service.wipe()
        self.break_valkey(asked_ms * MS, seen_ms * MS)

    def break_valkey(self, asked_ns: int, seen_ns: int | None, fault: str = "restart_empty") -> None:
        times = {"asked_ns": asked_ns, "effective_ns": seen_ns, "healed_ns": seen_ns}
        self.faults.append({"fault": fault, "target": "valkey-1", **times, "evidence": "seen by hand"})

    def operation(self, f: str, hold: str, number: int = 0) -> Line:
        return [each for each in self.history if (each["f"], each["args"].get("id")) == (f, hold)][number]

    def rows(self, name: str) -> list[Line]:
        """Return a ledger, from now on as the test leaves it."""
        if self.ledgers is None:
            self.ledgers = json.loads(json.dumps(self.service.ledgers()))
        return self.ledgers[name]

    def row(self, name: str, hold: str) -> Line:
        return next(row for row in self.rows(name) if row["hold_id"] == hold)

    def write(self) -> None:
        self.directory.create()
        self.directory.faults.unlink(missing_ok=True)
        if self.faults:
            write_lines(self.directory.faults, self.faults)
        write_lines(self.directory.history, self.history)
        for name in ("shows", "taken", "settlements"):
            write_lines(self.directory.ledger(f"reservation.{name}"), self.rows(name))
        self.directory.load.write_text(json.dumps(self.load))

    def findings(self, rules: Any = SEAT_RULES) -> dict[str, Finding]:
        return {finding.name: finding for finding in check_variant(self.directory, sorted(rules))}

    def judge(self, rules: Any = SEAT_RULES) -> dict[str, Finding]:
        self.write()
        return self.findings(rules)

    def invalid(self) -> set[str]:
        return {name for name, finding in self.judge().items() if finding.verdict == "invalid"}


def right_hall(directory: VariantDirectory) -> Hall:
    """Return a right history in which every rule has something to look at."""
    hall = Hall(directory, {"hall": {f"a-{number}": 4500 if number < 4 else 3000 for number in range(1, 9)}})
    hall.hold("ann/1", "a-1 a-2", (0, 20))
    hall.hold("bob/1", "a-2 a-3", (10, 30))  # refused because of a-2
    hall.hold("bob/2", "a-3", (40, 60, 0, "timeout"), (70, 90))
    hall.hold("bob/2", "a-3", (95, 99))  # told again
    hall.do("extend", "ann/1", (500, 520), ttl_ms=2000)
    hall.do("pin", "ann/1", (900, 930), order_id="o-1")
    hall.do("pin", "ann/1", (940, 950), order_id="o-1")
    hall.do("confirm", "ann/1", (960, 980), order_id="o-1")
    hall.do("release", "bob/2", (600, 620))
    hall.hold("cyd/1", "a-3", (650, 680))
    mistaken = {"show_id": "hall", "id": "cyd/1", "subject": "cyd", "order_id": "o-9", "token_of": "hall/bob/bob/2"}
    hall.tell("pin", mistaken, (403, {"code": "forbidden", "status": 403}), (685 * MS, 695 * MS))
    hall.do("confirm", "cyd/1", (700, 720), order_id="o-2")  # at once
    hall.hold("dan/1", "a-4", (700, 720))
    hall.do("pin", "dan/1", (800, 820), order_id="o-3")
    hall.do("release", "dan/1", (830, 850), order_id="o-3")
    hall.do("pin", "dan/1", (860, 880), order_id="o-3")  # too late
    hall.hold("eve/1", "a-4", (900, 920))
    hall.do("pin", "eve/1", (1000, 1020), order_id="o-4")
    hall.hold("fay/1", "a-5 a-6", (1000, 1020))  # abandoned
    hall.hold("gus/1", "a-6", (1500, 1520))  # refused
    hall.hold("gus/2", "a-6", (2150, 2170))  # expired meanwhile
    hall.do("pin", "fay/1", (2200, 2220), order_id="o-5")  # too late
    hall.do("release", "hal/1", (2200, 2210))  # before it arrives
    hall.hold("hal/1", "a-7", (2220, 2240))
    hall.look(9000, 9010)
    return hall
