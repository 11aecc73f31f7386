"""What a crowd that orders leaves, before it is written: a test breaks what it wants, then asks for the findings."""

import json
import runpy
from pathlib import Path
from typing import Any

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import Audit, AuditedRule, AuditRecord, Finding, VariantDirectory, write_audit

Line = dict[str, Any]
MODEL = runpy.run_path(str(Path(__file__).with_name("orders_model.py")))
ORDER_LAWS = frozenset(
    {
        "cancels_answered",
        "events_equal_orders",
        "events_in_order",
        "no_lost_event",
        "no_lost_order",
        "no_phantom_event",
        "no_phantom_order",
        "nothing_parked",
        "one_order_a_key",
        "orders_owned",
        "orders_raced",
        "pages_complete",
        "statuses_told",
        "timeline_equals_events",
        "timelines_gapless",
        "told_as_ordered",
    }
)
"""The rules of the order, which the lab judges alone."""
ORDER_RULES = ORDER_LAWS | {"answers_complete", "audit_proven", "generator_on_time", "history_whole", "no_defects"}
STOCK = [{"item_id": "item-1", "quantity": 2}]
SEAT = [{"show_id": "hamlet", "hold_id": "h-1"}]


def write_lines(path: Path, lines: list[Line]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


class Desk:
    """A right order service in memory, and what is told of it."""

    def __init__(self, directory: VariantDirectory, kind: Any = None) -> None:
        self.directory = directory
        self.service = (kind or MODEL["Orders"])()
        self.history: list[Line] = []
        self.faults: list[Line] = []
        self.ledgers: dict[str, list[Line]] | None = None
        self.records: list[Line] | None = None
        self.load: Line = {"over_budget": [], "lateness_ms": {"p50": 0.1, "p99": 0.9, "max": 3.0}, "cpu_share": 0.2}
        rule = AuditedRule("versions", "the versions are right", 9, proven=True, offenders=[])
        self.proof = AuditRecord(["desk", "audit"], 0, Audit(proven=True, rules=[rule]))

    def tell(self, f: str, key: str | None, args: Line, answer: Any, *spans: tuple[Any, ...]) -> Line:
        """Write an operation; spans are (call_ns, return_ns) of attempts with this answer, or (…, status, code)."""
        told: list[Line] = []
        for call, until, *other in spans:
            status, code = other or (answer[0], answer[1].get("code") if answer[0] >= 300 else None)
            told.append({"call_ns": call, "return_ns": until, "status": status, "code": code, "node": "a:1"})
        outcome = "unknown" if answer is None else "ok" if answer[0] < 300 else "fail"
        operation = {"op": len(self.history), "client": len(self.history) % 7, "f": f, "args": args, "key": key}
        value = json.loads(json.dumps(answer[1])) if answer else None
        operation |= {"outcome": outcome, "value": value, "attempts": told}
        self.history.append(operation)
        return operation

    def do(self, f: str, key: str | None, args: Line, *spans: tuple[Any, ...]) -> Line:
        """Execute a request, and write what was told of it; a last span without an answer makes it unknown."""
        answer: Any = None
        if len(spans[-1]) == 2:
            answer = self.service.finish(self.service.begin(f, args, key), args)
        return self.tell(f, key, args, answer, *spans)

    def order(self, key: str, lines: list[Line], *spans: tuple[Any, ...], who: str = "ann", f: str = "order") -> str:
        """Order, and return the id that was told."""
        args = {"customer_id": who, "account_id": who, "lines": lines}
        args |= {"operation": "order"} if f == "another" else {}
        return str((self.do(f, key, args, *spans)["value"] or {}).get("id", ""))

    def ask(self, f: str, order_id: str, *spans: tuple[Any, ...], who: str = "ann", **args: Any) -> Line:
        return self.do(f, None, {"customer_id": who, "order_id": order_id, **args}, *spans)

    def settle(self) -> None:
        """Let relay and projector do their work until nothing is left to do."""
        while not self.service.is_at_rest():
            for shard in range(MODEL["SHARDS"]):
                self.service.relay(shard, "")
            for partition in range(MODEL["PARTITIONS"]):
                self.service.project(partition, "")

    def operation(self, f: str, number: int = 0) -> Line:
        return [each for each in self.history if each["f"] == f][number]

    def rows(self, name: str) -> list[Line]:
        """Return a ledger, from now on as the test leaves it."""
        if self.ledgers is None:
            self.ledgers = self.service.ledgers()
        return self.ledgers[name]

    def row(self, name: str, order_id: str, version: int = 1) -> Line:
        rows = [row for row in self.rows(name) if row["order_id"] == order_id]
        return next(row for row in rows if row.get("order_version", version) == version)

    def topic(self) -> list[Line]:
        """Return the records, from now on as the test leaves them; offsets are numbered when they are written."""
        if self.records is None:
            self.records = [record for log in self.service.topic for record in json.loads(json.dumps(log))]
        return self.records

    def records_of(self, order_id: str, version: int = 1) -> list[Line]:
        """Return every record of an event."""
        own = [record for record in self.topic() if record["key"] == order_id]
        return [record for record in own if json.loads(record["value"])["aggregate_version"] == version]

    def record(self, order_id: str, version: int = 1) -> Line:
        return self.records_of(order_id, version)[0]

    def write(self) -> None:
        self.directory.create()
        self.directory.faults.unlink(missing_ok=True)
        if self.faults:
            write_lines(self.directory.faults, self.faults)
        write_lines(self.directory.history, self.history)
        for name in ("orders", "outbox", "timeline", "parked", "keys"):
            write_lines(self.directory.ledger(f"order.{name}"), self.rows(name))
        records = sorted(self.topic(), key=lambda record: record["partition"])
        numbered = [record | {"offset": number} for number, record in enumerate(records)]
        write_lines(self.directory.topic("order.events"), numbered)
        write_audit(self.directory.audit("order"), self.proof)
        self.directory.load.write_text(json.dumps(self.load))

    def findings(self, rules: Any = ORDER_RULES) -> dict[str, Finding]:
        return {finding.name: finding for finding in check_variant(self.directory, sorted(rules))}

    def judge(self, rules: Any = ORDER_RULES) -> dict[str, Finding]:
        self.write()
        return self.findings(rules)

    def invalid(self) -> set[str]:
        return {name for name, finding in self.judge().items() if finding.verdict == "invalid"}


def right_desk(directory: VariantDirectory) -> Desk:
    """Return a right history in which every rule has something to look at: ann's two orders, bob's, and cyd's."""
    desk = Desk(directory)
    first = desk.order("k1", STOCK, (0, 20))
    desk.order("k1", STOCK, (10, 30))  # twice at once
    desk.order("k1", [{"item_id": "item-1", "quantity": 5}], (40, 50), f="another")
    second = desk.order("k2", SEAT, (25, 35, 0, "timeout"), (60, 70))
    desk.ask("look", first, (80, 90))
    desk.do("list", None, {"customer_id": "ann", "limit": 1}, (100, 110))
    desk.do("list", None, {"customer_id": "ann", "limit": 20, "before": True, "order_id": second}, (100, 112))
    bobs = desk.order("k3", STOCK + SEAT, (100, 120), who="bob")
    desk.ask("cancel", bobs, (130, 150), who="bob")
    desk.ask("cancel", bobs, (135, 160), who="bob")
    desk.ask("look", bobs, (170, 180), who="bob")
    for what in ("look", "cancel", "timeline", "follow"):
        desk.ask("trespass", first, (190, 200), who="bob", what=what)
    cyds = desk.order("k4", STOCK, (200, 220), who="cyd")
    desk.order("k5", STOCK, (200, 210, 409, "request-in-flight"), (230, 240), who="cyd")
    desk.service.relay(0, "before_mark")  # told twice
    desk.settle()
    desk.ask("follow", bobs, (300, 400), who="bob", until=2, after=0)
    desk.ask("follow", bobs, (400, 450), who="bob", until=2, after=1)
    desk.ask("timeline", bobs, (460, 470), who="bob")
    desk.do("list", None, {"customer_id": "cyd", "limit": 20}, (480, 490))
    desk.ask("timeline", cyds, (500, 510), who="cyd", rest=True)
    return desk
