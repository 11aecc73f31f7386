"""A right wallet under a random crowd is never called wrong; one with a bug that did harm is never called right."""

import random
import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

MODEL = runpy.run_path(str(Path(__file__).with_name("wallet_model.py")))
Wallet, problem = MODEL["Wallet"], MODEL["problem"]
EVIDENCE = {"answers_complete", "generator_on_time", "history_whole", "money_contended", "no_defects"}
FATES = [["answered"], ["lost", "answered"], ["lost"], ["busy", "lost", "answered"], ["busy"]]
PLENTY = 100_000


class Unguarded(Wallet):
    """Pays whatever is asked. A hold alone does no harm that the books remember: it has no place in their order."""

    harmed = False

    def has(self, account_id: str, amount: int) -> bool:
        del account_id, amount
        return True

    def _change(self, account_id: str, balance: int = 0, held: int = 0) -> int | None:
        version = super()._change(account_id, balance, held)
        account = self.accounts[account_id]
        self.harmed |= account["kind"] == "customer" and account["balance_minor"] < 0
        return version


class Stale(Wallet):
    """Every third movement writes the payee's balance back as it was before."""

    harmed = False

    def _change(self, account_id: str, balance: int = 0, held: int = 0) -> int | None:
        if balance > 0 and len(self.rows["postings"]) % 6 == 5:
            self.harmed = True
            return super()._change(account_id, 0, held)
        return super()._change(account_id, balance, held)


class Forgetful(Wallet):
    """Acknowledges every third transfer without having written it."""

    harmed = False

    def transfer(self, key: str, payload: Any) -> Any:
        if len(self.answers) % 3 == 0:
            return 201, {"transfer_id": "never", "transaction_id": "never"} | payload
        return super().transfer(key, payload)


class Keyless(Wallet):
    """Executes every request anew."""

    harmed = False

    def execute(self, f: str, key: str, payload: Any) -> Any:
        self.harmed |= (f, key) in self.answers
        self.answers.pop((f, key), None)
        return super().execute(f, key, payload)


class Generous(Wallet):
    """Refunds what was refunded already."""

    harmed = False

    def may_refund(self, charge: Any, amount: int) -> bool:
        self.harmed |= charge["captured_minor"] > 0 and not super().may_refund(charge, amount)
        return bool(charge["captured_minor"] > 0)


class Deaf(Wallet):
    """Acknowledges the void of a captured charge."""

    harmed = False

    def void(self, key: str, payload: Any) -> Any:
        charge = self.charges.get(payload["charge_key"])
        if charge is None or charge["state"] != "captured":
            return super().void(key, payload)
        self.harmed = True
        body = {"charge_key": charge["key"], "state": "voided", "released_minor": 0}
        return self._decide("void", key, (200, body), charge_key=charge["key"])


class Stingy(Wallet):
    """Declines every second payer, and there is always plenty."""

    harmed = False

    def has(self, account_id: str, amount: int) -> bool:
        del account_id, amount
        return len(self.answers) % 2 == 0


def payload_of(chance: random.Random, kind: str, charges: list[str]) -> dict[str, Any]:
    customers = ["alice", "bob", "carol"]
    chance.shuffle(customers)
    amount = chance.choice([1, 5, 20, 40])
    if kind == "transfer":
        return {"from_account_id": customers[0], "to_account_id": customers[1], "amount_minor": amount}
    if kind == "deposit":
        return {"account_id": customers[0], "amount_minor": amount}
    if kind == "charge":
        sides = {"customer_account_id": customers[0], "merchant_account_id": "shop"}
        return sides | {"amount_minor": amount, "capture": chance.random() < 0.5}
    named = {"charge_key": chance.choice([*charges, f"charge-{chance.randrange(3)}"])}
    if kind == "refund" or (kind == "capture" and chance.random() < 0.5):
        named["amount_minor"] = amount
    return named


def crowd(chance: random.Random) -> list[dict[str, Any]]:
    """Return requests that overlap at will, on a clock so coarse that instants often coincide."""
    wishes: list[dict[str, Any]] = []
    charges: list[str] = []
    for number in range(chance.randint(4, 40)):
        f = chance.choices(["transfer", "charge", "capture", "refund", "void", "deposit"], [6, 6, 3, 4, 3, 1])[0]
        key = f"charge-{len(charges)}" if f == "charge" else f"k{number}"
        wish = {"f": f, "key": key, "args": payload_of(chance, f, charges)}
        if wishes and chance.random() < 0.15:
            twin = chance.choice(wishes)
            wish = {name: twin[name] for name in ("f", "key", "args")}
            if chance.random() < 0.3 and twin["f"] != "another":
                args = {"operation": twin["f"], **twin["args"]}
                args |= {"amount_minor": 7} if "amount_minor" in args else {"charge_key": "charge-another"}
                wish |= {"f": "another", "args": args}
        elif f == "charge":
            charges.append(key)
        clock, attempts = chance.randrange(60), []
        for fate in chance.choices(FATES, [12, 4, 1, 2, 1])[0]:
            until = clock + chance.randrange(12)
            executed: int | None = chance.randint(clock, until)
            if fate == "lost":
                executed = chance.choice([None, executed, clock + chance.randrange(80)])
            attempts.append([clock, until, None if fate == "busy" else executed, fate])
            clock = until + chance.randrange(5)
        wishes.append(wish | {"attempts": attempts, "told": [None] * len(attempts)})
    return wishes


def serve(wallet: Any, wishes: list[dict[str, Any]], chance: random.Random, bank: Any) -> None:
    """Execute every request at its instant, and read all accounts now and then."""
    requests = [
        (attempt[2], chance.random(), wish, place)
        for wish in wishes
        for place, attempt in enumerate(wish["attempts"])
        if attempt[2] is not None
    ]
    for at, _, wish, place in sorted(requests, key=lambda request: request[:2]):
        args = wish["args"]
        kind, payload = args.get("operation", wish["f"]), {name: args[name] for name in args if name != "operation"}
        answer = wallet.execute(kind, wish["key"], payload)
        if wish["attempts"][place][3] == "answered":
            wish["told"][place] = answer
        if chance.random() < 0.1:
            bank.audit((at, at))


def write_down(bank: Any, wishes: list[dict[str, Any]]) -> None:
    """Record what each client saw."""
    for wish in sorted(wishes, key=lambda wish: wish["attempts"][-1][1]):
        spans = []
        for (call, until, _, fate), told in zip(wish["attempts"], wish["told"], strict=True):
            lost = (429, "rate-limited") if fate == "busy" else (0, "timeout")
            code = told[1].get("code") if told and told[0] >= 300 else None
            spans.append((call, until, *((told[0], code) if told else lost)))
        told = wish["told"][-1]
        operation = bank.tell(wish["f"], wish["key"], wish["args"], told, *spans)
        fates = [attempt[3] for attempt in wish["attempts"]]
        if set(fates) == {"busy"}:
            operation.update(outcome="fail", value={"code": "rate-limited", "status": 429})
        elif told and "lost" in fates and told[0] in (400, 404):
            operation.update(outcome="unknown", value=None)  # it speaks of its own attempt alone


def simulate(new_bank: Any, kind: Any, seed: int, openings: dict[str, int]) -> Any:
    chance = random.Random(seed)  # noqa: S311  - a crowd is no secret
    bank = new_bank(openings, kind)
    wishes = crowd(chance)
    serve(bank.wallet, wishes, chance, bank)
    write_down(bank, wishes)
    return bank


seeds = st.integers(0, 2**32)
few = st.fixed_dictionaries(
    {"alice": st.integers(0, 90), "bob": st.integers(1, 60), "carol": st.integers(0, 30), "shop": st.just(0)}
)
much = st.just({"alice": PLENTY, "bob": PLENTY, "carol": PLENTY, "shop": 0})


@settings(max_examples=500, deadline=None)
@given(seeds, few)
def test_a_right_wallet_is_never_called_wrong(new_bank, bank_rules, seed, openings) -> None:
    bank = simulate(new_bank, Wallet, seed, openings)
    findings = bank.judge()
    assert {name: found.observed for name, found in findings.items() if found.verdict == "invalid"} == {}
    acknowledged = any(operation["outcome"] == "ok" and operation["key"] for operation in bank.history)
    audited = any(operation["f"] == "audit" for operation in bank.history)
    excused = {*EVIDENCE, *(() if acknowledged else ["no_lost_payment"]), *(() if audited else ["audits_consistent"])}
    for name in bank_rules - excused:
        assert findings[name].verdict == "valid", (name, findings[name].observed)


@pytest.mark.parametrize(
    ("kind", "openings", "caught_by"),
    [
        (Unguarded, few, {"never_overdrawn"}),
        (Stale, few, {"balances_equal_postings", "money_conserved"}),
        (Keyless, few, {"one_effect_a_key"}),
        (Generous, few, {"refunds_within_captures"}),
        (Deaf, few, {"voided_never_captured"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data(), seed=seeds)
def test_a_wallet_that_did_harm_is_never_called_right(new_bank, kind, openings, caught_by, data, seed) -> None:
    bank = simulate(new_bank, kind, seed, data.draw(openings))
    assume(bank.wallet.harmed)
    assert caught_by & bank.invalid()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(seed=seeds)
def test_who_declines_where_there_is_plenty_is_never_called_right(new_bank, seed) -> None:
    bank = simulate(new_bank, Stingy, seed, {"alice": PLENTY, "bob": PLENTY, "carol": PLENTY, "shop": 0})
    told = [each for operation in bank.history for each in operation["attempts"]]
    assume(any(attempt["code"] == "insufficient-funds" for attempt in told))
    assert "declines_legal" in bank.invalid()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(seed=seeds)
def test_who_forgets_what_was_acknowledged_is_never_called_right(new_bank, seed) -> None:
    bank = simulate(new_bank, Forgetful, seed, {"alice": 90, "bob": 60, "carol": 30, "shop": 0})
    assume(any((operation["value"] or {}).get("transfer_id") == "never" for operation in bank.history))
    assert "no_lost_payment" in bank.invalid()
