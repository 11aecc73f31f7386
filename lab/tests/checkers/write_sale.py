"""Writes a variant's directory of a right sale of any size: ``write_sale.py DIRECTORY OPERATIONS [SHARE_SOLD]``.

Every operation has one attempt. Effects happen one after the other, each inside its operation's interval, so that
the sale is right by construction; about five hundred operations are in flight at any time.
"""

import contextlib
import itertools
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from trivet_lab.evidence import (
    Attempt,
    FaultRecord,
    LeaseHeld,
    LeaseOver,
    Operation,
    Sample,
    SampleFile,
    encode_operation,
    write_faults,
)

ITEMS = 200
STEP_NS = 10_000
IN_FLIGHT = 500
AT = "2026-11-23T08:00:00+00:00"


class Shop:
    """Stock that is counted down in the order of the operations."""

    def __init__(self, directory: Path, ledgers: dict[str, BinaryIO], stock: dict[str, int]) -> None:
        self.directory = directory
        self.ledgers = ledgers
        self.initial = dict(stock)
        self.stock = stock
        self.version = dict.fromkeys(stock, 0)
        self.sold = self.refused = 0
        self.fences = itertools.count(1)

    def change(self, noun: str, name: str, key: str, quantity: int) -> dict[str, Any]:
        self.stock[name] += quantity if noun == "restock" else -quantity
        self.version[name] += 1
        change = {f"{noun}_id": f"{noun}-{key}", "item_id": name, "quantity": quantity}
        row = change | {"key": key, "item_version": self.version[name], "stock_after": self.stock[name], "at": AT}
        if noun == "purchase":
            row["fence"] = next(self.fences)
        self.ledgers[f"{noun}s"].write(msgspec.json.encode(row) + b"\n")
        return change | {"stock": self.stock[name], "fence": None, "resolvable": True}

    def answer(self, f: str, name: str, key: str) -> tuple[int, dict[str, Any]]:
        if f == "restock":
            return 200, self.change("restock", name, key, 100)
        if self.stock[name]:
            self.sold += 1
            return 200, self.change("purchase", name, key, 1)
        self.refused += 1
        detail = f"less than 1 of {name} is left"
        return 409, {"code": "out-of-stock", "status": 409, "detail": detail, "definite": True, "retryable": False}

    def close(self) -> None:
        for name, initial in self.initial.items():
            row = {"id": name, "initial_stock": initial, "stock": self.stock[name], "item_version": self.version[name]}
            self.ledgers["items"].write(msgspec.json.encode(row) + b"\n")
        planned = [{"id": name, "stock": stock} for name, stock in self.initial.items()]
        (self.directory / "plan.json").write_bytes(msgspec.json.encode({"errand": {"kind": "sale", "items": planned}}))
        (self.directory / "load.json").write_text('{"over_budget": [], "lateness_ms": {"p99": 1.2}, "cpu_share": 0.4}')


@contextlib.contextmanager
def opened(directory: Path, stock: dict[str, int]) -> Iterator[Shop]:
    folder = directory / "ledger"
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as files:
        shop = Shop(
            directory,
            {
                name: files.enter_context((folder / f"inventory.{name}.jsonl").open("wb"))
                for name in ("items", "purchases", "restocks")
            },
            stock,
        )
        yield shop
        shop.close()


def write_sale(directory: Path, operations: int, share_sold: float = 0.5) -> dict[str, int]:
    """Write history, ledgers and load.json; return how many were sold and refused."""
    chance = random.Random(operations)  # noqa: S311  - a crowd that is the same each time is no secret
    weights = [1 / rank for rank in range(1, ITEMS + 1)]
    names = [f"ticket-{number}" for number in range(1, ITEMS + 1)]
    stock = {
        name: int(operations * weight / sum(weights) * share_sold) for name, weight in zip(names, weights, strict=True)
    }
    cumulative = list(itertools.accumulate(weights))
    with opened(directory, stock) as shop, (directory / "history.jsonl").open("wb") as history:
        for op in range(operations):
            name = chance.choices(names, cum_weights=cumulative)[0]
            f, quantity = ("restock", 100) if op == operations // 2 else ("buy", 1)
            key, at_ns = f"{chance.getrandbits(128):032x}", (op + IN_FLIGHT) * STEP_NS
            status, value = shop.answer(f, name, key)
            attempt = Attempt(
                at_ns - chance.randrange(IN_FLIGHT * STEP_NS // 2),
                at_ns + chance.randrange(IN_FLIGHT * STEP_NS // 2),
                status,
                value.get("code"),
                f"127.0.0.1:{41001 + op % 2}",
                key,
            )
            outcome = "ok" if status == 200 else "fail"
            args = {"item_id": name, "quantity": quantity}
            history.write(encode_operation(Operation(op, op % 500, f, args, key, outcome, value, [attempt])))
    asked_ns = operations // 4 * STEP_NS
    times = asked_ns, asked_ns + STEP_NS, asked_ns + IN_FLIGHT * STEP_NS
    write_faults(directory / "faults.jsonl", [FaultRecord("pause", "inventory-api-1", *times, "in state T")])
    write_leases(directory / "events.jsonl", operations)
    with SampleFile(directory / "samples.jsonl") as samples:
        for at_s in range(0, 120, 2):
            cost = {"memory_bytes": 100_000_000, "descriptors": 40, "processes": 1}
            samples.write([Sample(at_s * 1_000_000_000, series, "envoy", value) for series, value in cost.items()])
    return {"sold": shop.sold, "refused": shop.refused}


def write_leases(path: Path, count: int) -> None:
    """Write so many leases of one item, one after the other but for the first, whose holder stood still."""
    with path.open("wb") as lines:
        for fence in range(1, count + 1):
            name, at_ns = ("inventory-api-1", "ticket-1", fence), fence * STEP_NS
            lines.write(msgspec.json.encode(LeaseHeld(*name, at_ns, at_ns + STEP_NS - 1)) + b"\n")
            if fence > 1:
                lines.write(msgspec.json.encode(LeaseOver(*name, at_ns + STEP_NS // 2)) + b"\n")
        lines.write(msgspec.json.encode(LeaseOver("inventory-api-1", "ticket-1", 1, 3 * STEP_NS)) + b"\n")


if __name__ == "__main__":
    print(write_sale(Path(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])))  # noqa: T201  - a script prints
