"""A right checkout is never called wrong, whatever is lost, late or repeated; one that lacks a guard is caught."""

import random
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODEL = runpy.run_path(str(Path(__file__).with_name("checkout_model.py")))
TILL = runpy.run_path(str(Path(__file__).with_name("checkout_till.py")))
goods, seat = TILL["goods"], TILL["seat"]
SEEDS, SEEDS_MAX = 40, 200
ORDERS, STEPS_MAX = 16, 1_500
RACED = {"checkout_raced"}
"""A rule over the evidence: a small crowd may not have met all of it."""


def put_in_a_basket(till: Any, chance: random.Random, number: int) -> str:
    """Let somebody order a few things; returns the order's id."""
    who = chance.choice(list(TILL["CUSTOMERS"]))
    lines = [goods(f"i-{chance.randrange(3)}", chance.randint(1, 3))] if chance.random() < 0.7 else []
    if not lines or chance.random() < 0.5:
        block = chance.choice(list(MODEL["SEAT_PRICES"]))
        places = chance.sample(range(1, 9), chance.randint(1, 2))
        hold_id = f"h-{number}"
        seats = [f"{block}-1-{place}" for place in places]
        till.service.reservation.hold(who, hold_id, seats, expired=chance.random() < 0.15)
        lines.append(seat(hold_id))
    account = chance.choice(list(TILL["CUSTOMERS"])) if chance.random() < 0.15 else who
    till.order(f"o-{number}", who, *lines, account=account)
    return f"o-{number}"


class Crowd:
    """Takes many orders along at once, a step at a time, in whatever order chance says."""

    def __init__(self, till: Any, chance: random.Random, *, lost: float, late: float) -> None:
        self.till, self.chance, self.lost, self.late = till, chance, lost, late
        self.running: dict[str, Any] = {}
        self.answers: dict[str, Any] = {}
        self.on_the_way: list[Callable[[], Any]] = []

    def run(self) -> None:
        for number in range(ORDERS):
            order_id = put_in_a_basket(self.till, self.chance, number)
            self.running[order_id] = self.till.service.run(order_id)
        for _ in range(STEPS_MAX):
            if not self.running:
                break
            self.step()
        for do in self.on_the_way:
            do()
        self.till.service.inventory.expire()

    def step(self) -> None:
        chance = self.chance
        if chance.random() < 0.05:
            name = chance.choice(list(self.running))
            self.till.service.orders[name]["cancellation_requested"] = True
        if self.on_the_way and chance.random() < 0.2:
            self.on_the_way.pop(chance.randrange(len(self.on_the_way)))()
        if chance.random() < 0.03:
            self.till.service.inventory.expire()
        name = chance.choice(list(self.running))
        try:
            do = self.running[name].send(self.answers.pop(name, None))
        except StopIteration:
            del self.running[name]
            return
        self.answers[name] = self.ask(do)

    def ask(self, do: Callable[[], Any]) -> Any:
        """Return what was answered; a request that is lost never came, came and was not answered, or comes later."""
        if self.chance.random() < self.late:
            self.on_the_way.append(do)
            return None
        if self.chance.random() < self.lost:
            return do() and None if self.chance.random() < 0.6 else None
        return do()


CROWDS = {
    "calm": {"lost": 0.0, "late": 0.0},
    "lossy": {"lost": 0.3, "late": 0.0},
    "late": {"lost": 0.1, "late": 0.25},
}


def simulate(new_till: Any, kind: Any, seed: int, crowd: str) -> Any:
    till = new_till(kind)
    Crowd(till, random.Random(seed), **CROWDS[crowd]).run()  # noqa: S311  - a crowd is no secret
    return till


@pytest.mark.parametrize("crowd", CROWDS)
def test_a_right_checkout_is_never_called_wrong(new_till, checkout_rules, crowd) -> None:
    ends: set[str] = set()
    for seed in range(SEEDS):
        till = simulate(new_till, MODEL["Checkout"], seed, crowd)
        findings = till.judge(TILL["CHECKOUT_RULES"])
        wrong = {name: found.observed for name, found in findings.items() if found.verdict != "valid"}
        assert set(wrong) <= RACED, (seed, wrong)
        assert set(findings) > checkout_rules
        ends |= {order["status"] for order in till.service.orders.values()}
    assert ends == {"Order Confirmed", "Order Cancelled"}


@pytest.mark.parametrize(
    ("broken", "crowd", "caught_by"),
    [
        ("SilenceIsNo", "lossy", {"cancelled_keeps_nothing", "no_release_after_capture", "accounts_pay_orders"}),
        ("SilenceIsYes", "lossy", {"confirmed_sold_and_paid", "accounts_pay_orders"}),
        ("NewKeys", "lossy", {"confirmed_sold_and_paid", "accounts_pay_orders"}),
        ("NewHolds", "lossy", {"cancelled_keeps_nothing"}),
        ("NoPins", "calm", {"confirmed_sold_and_paid", "no_release_after_capture"}),
        ("ReleasesAnyway", "lossy", {"cancelled_keeps_nothing", "no_release_after_capture"}),
        ("EndsEarly", "lossy", {"cancelled_keeps_nothing"}),
        ("Stuck", "calm", {"orders_ended"}),
        ("Repricing", "calm", {"prices_as_offered", "confirmed_sold_and_paid"}),
        ("NoTombstones", "late", {"cancelled_keeps_nothing"}),
        ("ReturnsTwice", "lossy", {"stock_holds_consistent"}),
        ("Unowned", "calm", {"own_accounts_charged"}),
    ],
)
def test_what_lacks_a_guard_is_caught(new_till, broken, crowd, caught_by) -> None:
    found: set[str] = set()
    for seed in range(SEEDS_MAX):
        found |= simulate(new_till, MODEL[broken], seed, crowd).invalid(TILL["CHECKOUT_RULES"])
        if caught_by <= found:
            return
    pytest.fail(f"{SEEDS_MAX} crowds met {sorted(found)}, and never {sorted(caught_by - found)}")
