import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import Finding, VariantDirectory

Line = dict[str, Any]
ON_TIME = {"over_budget": [], "lateness_ms": {"p50": 0.1, "p99": 0.9, "max": 3.0}, "cpu_share": 0.2}


def write_lines(path: Path, lines: list[Line]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@dataclasses.dataclass
class Sale:
    """A variant's directory before it is written: a test changes what it wants wrong, then asks for the findings."""

    directory: VariantDirectory
    items: list[Line] = dataclasses.field(default_factory=list)
    history: list[Line] = dataclasses.field(default_factory=list)
    purchases: list[Line] = dataclasses.field(default_factory=list)
    restocks: list[Line] = dataclasses.field(default_factory=list)
    planned: dict[str, int] = dataclasses.field(default_factory=dict)
    load: Line = dataclasses.field(default_factory=lambda: dict(ON_TIME))
    faults: list[Line] = dataclasses.field(default_factory=list)
    events: list[Line] = dataclasses.field(default_factory=list)
    samples: list[Line] = dataclasses.field(default_factory=list)

    def item(self, name: str) -> Line:
        return next(item for item in self.items if item["id"] == name)

    def operation(self, key: str) -> Line:
        return next(operation for operation in self.history if operation["key"] == key)

    def row(self, key: str) -> Line:
        return next(row for row in self.purchases + self.restocks if row["key"] == key)

    def add_item(self, name: str, stock: int) -> None:
        self.planned[name] = stock
        self.items.append({"id": name, "initial_stock": stock, "stock": stock, "item_version": 0})

    def add_row(self, f: str, key: str | None, name: str, quantity: int, **columns: Any) -> Line:
        """Change the stock, as the service would, and write the row."""
        item = self.item(name)
        item["stock"] += quantity if f == "restock" else -quantity
        item["item_version"] += 1
        rows, noun = (self.restocks, "restock") if f == "restock" else (self.purchases, "purchase")
        row = {f"{noun}_id": f"{noun}-{len(rows)}", "item_id": name, "key": key, "quantity": quantity}
        row |= {"item_version": item["item_version"], "stock_after": item["stock"], "at": "2026-11-23T08:00:00+00:00"}
        if f == "buy":
            row["fence"] = 100 + len(rows)
        rows.append(row | columns)
        return rows[-1]

    def add(self, outcome: str, f: str, key: str | None, name: str, quantity: int, *attempts: tuple[Any, ...]) -> Line:
        """Write an operation; attempts are (call_ns, return_ns, status) or (…, status, code)."""
        told = [
            {"call_ns": call, "return_ns": until, "status": status, "code": code[0] if code else None, "node": "a:1"}
            for call, until, status, *code in attempts
        ]
        args = {"item_id": name, "quantity": quantity}
        operation = {"op": len(self.history), "client": len(self.history) % 7, "f": f, "args": args, "key": key}
        operation |= {"outcome": outcome, "value": None, "attempts": told}
        if outcome == "fail":
            operation["value"] = {"code": told[-1]["code"], "status": told[-1]["status"]}
        self.history.append(operation)
        return operation

    def buy(self, key: str | None, name: str, quantity: int, *attempts: tuple[Any, ...], f: str = "buy") -> Line:
        """Sell: the row and the operation that was told of it."""
        row = self.add_row(f, key, name, quantity)
        operation = self.add("ok", f, key, name, quantity, *attempts)
        answer = {
            name: row[name] for name in ("purchase_id", "restock_id", "item_id", "quantity", "fence") if name in row
        }
        operation["value"] = answer | {"stock": row["stock_after"], "resolvable": key is not None}
        return operation

    def refuse(self, key: str, name: str, quantity: int, call_ns: int, return_ns: int) -> Line:
        return self.add("fail", "buy", key, name, quantity, (call_ns, return_ns, 409, "out-of-stock"))

    def break_part(self, fault: str, name: str, asked: int | None, effective: int | None, healed: int | None) -> Line:
        times = {"asked_ns": asked, "effective_ns": effective, "healed_ns": healed}
        self.faults.append({"fault": fault, "target": name, **times, "evidence": "seen by hand"})
        return self.faults[-1]

    def lease(self, process: str, name: str, fence: int, held: int, until: int, over: int | None = None) -> None:
        """Use a lease on an item; without ``over`` its holder never told its end."""
        who = {"process": process, "resource": name, "fence": fence}
        self.events.append({"event": "lease held"} | who | {"held_ns": held, "until_ns": until})
        if over is not None:
            self.events.append({"event": "lease over"} | who | {"over_ns": over})

    def count(self, part: str, memory_bytes: int, descriptors: int, processes: int) -> None:
        """Take a census of a part that costs the same for two minutes."""
        cost = {"memory_bytes": memory_bytes, "descriptors": descriptors, "processes": processes}
        self.samples += [
            {"at_ns": at_s * 1_000_000_000, "series": series, "label": part, "value": value}
            for at_s in range(0, 121, 4)
            for series, value in cost.items()
        ]

    def write(self) -> None:
        self.directory.create()
        self.directory.faults.unlink(missing_ok=True)  # of another sale that lay here
        if self.faults:
            write_lines(self.directory.faults, self.faults)
        write_lines(
            self.directory.events, sorted(self.events, key=lambda line: line.get("held_ns", line.get("over_ns")))
        )
        write_lines(self.directory.samples, self.samples)
        write_lines(self.directory.history, self.history)
        for name in ("items", "purchases", "restocks"):
            write_lines(self.directory.ledger(f"inventory.{name}"), getattr(self, name))
        self.directory.load.write_text(json.dumps(self.load))
        planned = [{"id": name, "stock": stock} for name, stock in self.planned.items()]
        self.directory.plan.write_text(json.dumps({"items": planned}))

    def findings(self) -> dict[str, Finding]:
        return {finding.name: finding for finding in check_variant(self.directory)}

    def judge(self) -> dict[str, Finding]:
        self.write()
        return self.findings()

    def invalid(self) -> set[str]:
        """Return the broken rules; an attempt without an answer breaks `nobody_noticed` in the best of shops."""
        return {name for name, finding in self.judge().items() if finding.verdict == "invalid"} - {"nobody_noticed"}


@pytest.fixture(scope="session")
def new_sale(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Sale]:
    """Return a maker of empty sales; each overwrites the one before, so that thousands cost one directory."""
    path = tmp_path_factory.mktemp("sales") / "variant"
    return lambda: Sale(VariantDirectory(path))


@pytest.fixture
def sale(tmp_path: Path) -> Sale:
    """A right sale in which every rule has something to look at: three of `hot` for five buyers, then two more."""
    sale = Sale(VariantDirectory(tmp_path / "advisory"))
    sale.add_item("hot", 3)
    sale.add_item("cold", 10)
    sale.buy("k0", "hot", 1, (0, 10, 200))
    sale.buy("k1", "hot", 1, (5, 100, 409, "request-in-flight"), (120, 130, 200))
    sale.buy("k2", "hot", 1, (6, 20, 200))
    sale.refuse("k3", "hot", 1, 7, 25)
    sale.buy("r0", "hot", 2, (30, 40, 200), f="restock")
    sale.buy("k4", "hot", 2, (60, 80, 200))
    sale.refuse("k5", "hot", 1, 61, 90)
    sale.buy("k6", "cold", 1, (62, 95, 200))
    sale.buy("k7", "cold", 3, (96, 99, 429, "lock-busy"), (101, 110, 200))
    sale.add("fail", "buy", "k8", "cold", 1, (97, 100, 429, "lock-busy"))
    sale.break_part("pause", "inventory-api-1", 8, 15, 24)
    sale.lease("inventory-api-1", "hot", 101, 2, 20, 9)
    sale.lease("inventory-api-1", "hot", 102, 12, 40, 70)  # stood still past its lease, and another one began
    sale.lease("inventory-api-2", "hot", 103, 50, 90, 75)
    sale.lease("inventory-api-2", "cold", 104, 60, 100, 90)
    sale.count("envoy", 100_000_000, 40, 1)
    return sale
