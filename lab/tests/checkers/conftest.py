import dataclasses
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trivet_lab.checkers import all_checkers, check_variant
from trivet_lab.evidence import Audit, AuditedRule, AuditRecord, Finding, VariantDirectory, write_audit

Line = dict[str, Any]
WALLETS = runpy.run_path(str(Path(__file__).with_name("wallet_model.py")))
DESKS = runpy.run_path(str(Path(__file__).with_name("orders_desk.py")))
TILLS = runpy.run_path(str(Path(__file__).with_name("checkout_till.py")))
HALLS = runpy.run_path(str(Path(__file__).with_name("seats_hall.py")))
BANK_LAWS = frozenset(
    {
        "audit_proven",
        "audits_consistent",
        "balances_equal_postings",
        "declines_legal",
        "money_conserved",
        "money_contended",
        "never_overdrawn",
        "no_lost_payment",
        "no_phantom_payment",
        "one_effect_a_key",
        "refunds_within_captures",
        "voided_never_captured",
    }
)
"""The rules of a wallet; all others are of any service, or of a sale."""
BANK_RULES = BANK_LAWS | {"answers_complete", "generator_on_time", "history_whole", "no_defects"}
ATTACKS = frozenset({"impostors_get_nothing", "limits_hold"})
"""The rules over who attacks a service; where nobody does, they show nothing."""
OTHERS = (
    HALLS["SEAT_LAWS"] | DESKS["ORDER_LAWS"] | TILLS["CHECKOUT_LAWS"] | {"seats_linearizable", "stock_holds_consistent"}
)
"""The rules over what no sale has: seats, orders, checkouts, and holds of goods."""
SALE_RULES = frozenset(all_checkers()) - BANK_LAWS - ATTACKS - OTHERS
ON_TIME = {"over_budget": [], "lateness_ms": {"p50": 0.1, "p99": 0.9, "max": 3.0}, "cpu_share": 0.2}


def proved(name: str, observed: int) -> AuditedRule:
    return AuditedRule(name, f"the {name} are right", observed, proven=True, offenders=[])


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
        self.directory.plan.write_text(json.dumps({"errand": {"kind": "sale", "items": planned}}))

    def findings(self) -> dict[str, Finding]:
        return {finding.name: finding for finding in check_variant(self.directory, sorted(SALE_RULES))}

    def judge(self) -> dict[str, Finding]:
        self.write()
        return self.findings()

    def invalid(self) -> set[str]:
        """Return the broken rules; an attempt without an answer breaks `nobody_noticed` in the best of shops."""
        return {name for name, finding in self.judge().items() if finding.verdict == "invalid"} - {"nobody_noticed"}


@pytest.fixture(scope="session")
def sale_rules() -> frozenset[str]:
    """Return the rules that may be asked of a sale."""
    return SALE_RULES


@pytest.fixture(scope="session")
def bank_rules() -> frozenset[str]:
    """Return the rules that may be asked of a crowd that spends."""
    return BANK_RULES


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


class Bank:
    """What a crowd that spends leaves, before it is written: a test breaks what it wants, then asks for the findings.

    ``wallet`` is a right one in memory; what is told of it, and its ledgers, are written as they then stand.
    """

    def __init__(self, directory: VariantDirectory, openings: dict[str, int], kind: Any = WALLETS["Wallet"]) -> None:
        self.directory = directory
        self.planned = [
            {
                "id": name,
                "kind": "merchant" if name.startswith("shop") else "customer",
                "opening_minor": minor,
                "key": f"opening-{name}",
            }
            for name, minor in openings.items()
        ]
        self.wallet = kind(self.planned)
        self.history: list[Line] = []
        self.load: Line = dict(ON_TIME)
        self.proof = AuditRecord(["till", "audit"], 0, Audit(proven=True, rules=[proved("balances", 9)]))

    def operation(self, key: str) -> Line:
        return next(operation for operation in self.history if operation["key"] == key)

    def row(self, key: str) -> Line:
        return next(row for row in self.wallet.rows["operations"] if row["key"] == key and row["kind"] != "open")

    def postings(self, key: str) -> list[Line]:
        """Return what an operation moved: from whom, then to whom."""
        transaction_id = self.row(key)["transaction_id"]
        return [row for row in self.wallet.rows["postings"] if row["transaction_id"] == transaction_id]

    def tell(self, f: str, key: str | None, args: Line, answer: Any, *spans: tuple[Any, ...]) -> Line:
        """Write an operation; spans are (call_ns, return_ns) of attempts with this answer, or (…, status, code)."""
        told: list[Line] = []
        for call, until, *other in spans:
            status, code = other or (answer[0], answer[1].get("code") if answer[0] >= 300 else None)
            told.append({"call_ns": call, "return_ns": until, "status": status, "code": code, "node": "a:1"})
        outcome = "unknown" if answer is None else "ok" if answer[0] < 300 else "fail"
        operation = {"op": len(self.history), "client": len(self.history) % 7, "f": f, "args": args, "key": key}
        operation |= {"outcome": outcome, "value": answer[1] if answer else None, "attempts": told}
        self.history.append(operation)
        return operation

    def do(self, f: str, key: str, args: Line, *spans: tuple[Any, ...]) -> Line:
        """Execute a request, and write what was told of it."""
        kind = args.get("operation", f)
        answer = self.wallet.execute(kind, key, {name: args[name] for name in args if name != "operation"})
        return self.tell(f, key, args, answer, *spans)

    def transfer(self, key: str, payer: str, payee: str, amount: int, *spans: tuple[Any, ...]) -> Line:
        args = {"from_account_id": payer, "to_account_id": payee, "amount_minor": amount}
        return self.do("transfer", key, args, *spans)

    def charge(self, key: str, customer: str, amount: int, *spans: tuple[Any, ...], capture: bool = True) -> Line:
        args = {"customer_account_id": customer, "merchant_account_id": "shop", "amount_minor": amount}
        return self.do("charge", key, args | {"capture": capture}, *spans)

    def audit(self, *spans: tuple[Any, ...]) -> Line:
        return self.tell("audit", None, {}, (200, self.wallet.audit()), *spans)

    def write(self) -> None:
        self.directory.create()
        write_lines(self.directory.history, self.history)
        for name, rows in self.wallet.rows.items():
            write_lines(self.directory.ledger(f"wallet.{name}"), rows)
        for name in ("accounts", "charges"):
            write_lines(self.directory.ledger(f"wallet.{name}"), list(getattr(self.wallet, name).values()))
        self.directory.load.write_text(json.dumps(self.load))
        write_audit(self.directory.audit("wallet"), self.proof)
        self.directory.plan.write_text(json.dumps({"errand": {"kind": "spending", "accounts": self.planned}}))

    def findings(self) -> dict[str, Finding]:
        return {finding.name: finding for finding in check_variant(self.directory, sorted(BANK_RULES))}

    def judge(self) -> dict[str, Finding]:
        self.write()
        return self.findings()

    def invalid(self) -> set[str]:
        return {name for name, finding in self.judge().items() if finding.verdict == "invalid"}


@pytest.fixture(scope="session")
def new_bank(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Bank]:
    """Return a maker of banks with these openings; each overwrites the one before."""
    path = tmp_path_factory.mktemp("banks") / "variant"
    return lambda openings, kind=WALLETS["Wallet"]: Bank(VariantDirectory(path), openings, kind)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """A right history in which every rule has something to look at."""
    bank = Bank(VariantDirectory(tmp_path / "optimistic"), {"alice": 100, "bob": 50, "carol": 0, "shop": 0})
    bank.transfer("t1", "alice", "bob", 60, (0, 10))
    bank.transfer("t2", "alice", "bob", 60, (5, 15))  # declined: 40 are left
    bank.transfer("t3", "bob", "carol", 30, (6, 12, 409, "request-in-flight"), (14, 20))
    bank.transfer("t1", "alice", "bob", 60, (8, 22))
    args = {"operation": "transfer", "from_account_id": "alice", "to_account_id": "bob", "amount_minor": 61}
    bank.do("another", "t1", args, (30, 35))
    bank.charge("c1", "bob", 50, (40, 50))
    bank.do("refund", "r1", {"charge_key": "c1", "amount_minor": 30}, (60, 70))
    bank.do("refund", "r2", {"charge_key": "c1", "amount_minor": 30}, (61, 72))  # more than was captured
    bank.charge("h1", "alice", 30, (80, 90), capture=False)
    bank.transfer("t4", "alice", "carol", 20, (91, 99))  # declined: 30 of the 40 are held
    bank.do("capture", "p1", {"charge_key": "h1", "amount_minor": 25}, (100, 110))
    bank.do("void", "v1", {"charge_key": "h1"}, (101, 112))  # too late
    bank.charge("h2", "carol", 10, (115, 120), capture=False)
    bank.do("void", "v2", {"charge_key": "h2"}, (121, 125))
    bank.do("capture", "p2", {"charge_key": "h2"}, (122, 128))  # too late as well
    bank.do("void", "v3", {"charge_key": "c2"}, (130, 135))  # of a charge that comes after it
    bank.charge("c2", "carol", 5, (131, 140))
    bank.charge("h3", "carol", 7, (141, 145), capture=False)  # and stays held
    bank.do("deposit", "d1", {"account_id": "alice", "amount_minor": 5}, (146, 150))
    bank.audit((151, 160))
    return bank


@pytest.fixture(scope="session")
def seat_rules() -> frozenset[str]:
    """Return the rules that may be asked of a rush for seats."""
    rules: frozenset[str] = HALLS["SEAT_RULES"]
    return rules


@pytest.fixture(scope="session")
def new_hall(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return a maker of halls with these shows; each overwrites the one before."""
    path = tmp_path_factory.mktemp("halls") / "variant"
    return lambda shows, kind=None: HALLS["Hall"](VariantDirectory(path), shows, kind)


@pytest.fixture
def hall(tmp_path: Path) -> Any:
    """A right history of a rush for seats in which every rule has something to look at."""
    return HALLS["right_hall"](VariantDirectory(tmp_path / "setnx"))


@pytest.fixture(scope="session")
def order_rules() -> frozenset[str]:
    """Return the rules that may be asked of a crowd that orders."""
    rules: frozenset[str] = DESKS["ORDER_RULES"]
    return rules


@pytest.fixture(scope="session")
def new_desk(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return a maker of desks; each overwrites the one before."""
    path = tmp_path_factory.mktemp("desks") / "variant"
    return lambda kind=None: DESKS["Desk"](VariantDirectory(path), kind)


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    """A right history of a crowd that orders in which every rule has something to look at."""
    return DESKS["right_desk"](VariantDirectory(tmp_path / "outbox"))


@pytest.fixture(scope="session")
def checkout_rules() -> frozenset[str]:
    """Return the rules that may be asked of a crowd that checks out."""
    rules: frozenset[str] = TILLS["CHECKOUT_LAWS"]
    return rules


@pytest.fixture(scope="session")
def new_till(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return a maker of tills; each overwrites the one before."""
    path = tmp_path_factory.mktemp("tills") / "variant"
    return lambda kind=None: TILLS["Till"](VariantDirectory(path), kind)


@pytest.fixture
def till(tmp_path: Path) -> Any:
    """A right history of a crowd that checks out in which every rule has something to look at."""
    return TILLS["right_till"](VariantDirectory(tmp_path / "saga"))
