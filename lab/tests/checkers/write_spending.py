"""Writes a variant's directory of a right wallet's run of any size: ``write_spending.py DIRECTORY OPERATIONS``.

Every operation has one attempt and a key of its own. Effects happen one after the other, each inside its operation's
interval, so that the run is right by construction; about five hundred operations are in flight at any time.
"""

import contextlib
import random
import runpy
import sys
from pathlib import Path
from typing import Any

import msgspec

from trivet_lab.evidence import Attempt, Operation, encode_operation

MODEL = runpy.run_path(str(Path(__file__).with_name("wallet_model.py")))
CUSTOMERS, MERCHANTS = 40, 4
OPENING_MINOR, AMOUNT_MAX_MINOR = 2_000, 1_000
STEP_NS = 10_000
IN_FLIGHT = 500
AUDIT_EVERY = 1_000


class Wallet(MODEL["Wallet"]):  # type: ignore[misc]  # a class of a script that is no module
    """Writes rows that never change to their file, and forgets answers that nobody asks for again."""

    def __init__(self, files: Any, openings: list[dict[str, Any]]) -> None:
        self.files = files
        super().__init__(openings)

    def write(self, name: str, row: dict[str, Any]) -> None:
        self.files[name].write(msgspec.json.encode(row) + b"\n")

    def execute(self, f: str, key: str, payload: dict[str, Any]) -> Any:
        return getattr(self, f)(key, payload)


def wish(chance: random.Random, key: str, charges: list[str]) -> tuple[str, dict[str, Any]]:
    """Return what the next client wants: money that somebody may not have, or a charge's, which may be gone."""
    f = chance.choices(["transfer", "charge", "capture", "refund", "void", "deposit"], [40, 30, 8, 14, 4, 4])[0]
    amount = 1 + chance.randrange(AMOUNT_MAX_MINOR)
    payer, payee = chance.sample(range(CUSTOMERS), 2)
    if f == "transfer":
        return f, {"from_account_id": f"c{payer}", "to_account_id": f"c{payee}", "amount_minor": amount}
    if f == "deposit":
        return f, {"account_id": f"c{payer}", "amount_minor": amount}
    if f == "charge" or not charges:
        charges.append(key)
        if len(charges) > IN_FLIGHT:
            charges.pop(0)
        sides = {"customer_account_id": f"c{payer}", "merchant_account_id": f"m{payee % MERCHANTS}"}
        return "charge", sides | {"amount_minor": amount, "capture": chance.random() < 0.7}
    named: dict[str, Any] = {"charge_key": chance.choice(charges)}
    return f, named | ({"amount_minor": amount} if f == "refund" else {})


def write_spending(directory: Path, operations: int) -> dict[str, int]:
    """Write history, ledgers, plan and load.json; return how many were declined for want of money, and audits."""
    chance = random.Random(operations)  # noqa: S311  - a crowd that is the same each time is no secret
    names = [(f"c{number}", "customer", OPENING_MINOR) for number in range(CUSTOMERS)]
    names += [(f"m{number}", "merchant", 0) for number in range(MERCHANTS)]
    openings = [{"id": name, "kind": kind, "opening_minor": minor, "key": f"o-{name}"} for name, kind, minor in names]
    counts = {"declined": 0, "audits": 0}
    (directory / "ledger").mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        ledgers = {
            name: stack.enter_context((directory / "ledger" / f"wallet.{name}.jsonl").open("wb"))
            for name in ("operations", "transactions", "postings", "accounts", "charges")
        }
        history = stack.enter_context((directory / "history.jsonl").open("wb"))
        wallet, charges = Wallet(ledgers, openings), list[str]()
        for op in range(operations):
            key: str | None = f"{chance.getrandbits(128):032x}"
            if op % AUDIT_EVERY == AUDIT_EVERY - 1:
                f, key, args, (status, value) = "audit", None, {}, (200, wallet.audit())
                counts["audits"] += 1
            else:
                f, args = wish(chance, str(key), charges)
                status, value = wallet.execute(f, str(key), args)
            counts["declined"] += status == 402
            at_ns = (op + IN_FLIGHT) * STEP_NS
            call_ns = at_ns - chance.randrange(IN_FLIGHT * STEP_NS // 2)
            return_ns = at_ns + chance.randrange(IN_FLIGHT * STEP_NS // 2)
            code = value["code"] if status >= 300 else None
            attempt = Attempt(call_ns, return_ns, status, code, f"127.0.0.1:{41001 + op % 2}", f"{op:032x}")
            outcome = "ok" if status < 300 else "fail"
            history.write(encode_operation(Operation(op, op % 500, f, args, key, outcome, value, [attempt])))
        for name, rows in (("accounts", wallet.accounts), ("charges", wallet.charges)):
            ledgers[name].write(msgspec.json.Encoder().encode_lines(list(rows.values())))
    plan = {"errand": {"kind": "spending", "accounts": openings}}
    (directory / "plan.json").write_bytes(msgspec.json.encode(plan))
    (directory / "load.json").write_text('{"over_budget": [], "lateness_ms": {"p99": 1.2}, "cpu_share": 0.4}')
    return counts


if __name__ == "__main__":
    print(write_spending(Path(sys.argv[1]), int(sys.argv[2])))  # noqa: T201  - a script prints
