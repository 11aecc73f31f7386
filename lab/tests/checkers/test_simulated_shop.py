"""A right shop under a random crowd is never called wrong; a shop with a bug that did harm is never called right."""

import collections
import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

PLENTY = 1_000
EVIDENCE = {
    "answers_complete",
    "available_after_heal",
    "contention",
    "faults_effective",
    "generator_on_time",
    "history_whole",
    "leases_exclusive",  # this shop has no lock
    "leases_overlapped",
    "lock_overlaps",
    "nobody_noticed",  # answers get lost in the best of shops
    "resources_flat",
}


@dataclasses.dataclass
class Attempt:
    """One request: sent, executed at some instant or never, and answered unless the answer got lost."""

    call_ns: int
    return_ns: int
    executed_ns: int | None
    fate: str  # answered, lost, busy


@dataclasses.dataclass
class Order:
    f: str
    key: str | None
    item: str
    quantity: int
    attempts: list[Attempt]
    told: list[tuple[int, dict[str, Any]] | None]


class Shop:
    """Executes requests one at a time, each under its key: the specification. Subclasses break one thing each."""

    def __init__(self, sale: Any, stock: dict[str, int]) -> None:
        self.sale = sale
        self.answers: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        self.fence = 0
        self.harmed = False
        for name, units in stock.items():
            sale.add_item(name, units)

    def execute(self, order: Order) -> tuple[int, dict[str, Any]]:
        name = (order.f, order.key or "")
        if order.key is None or name not in self.answers:
            answer = self.decide(order)
            if order.key is None:
                return answer
            self.answers[name] = answer
        return self.answers[name]

    def decide(self, order: Order) -> tuple[int, dict[str, Any]]:
        return self.effect(order) if self.admits(order) else self.refuse(order)

    def admits(self, order: Order) -> bool:
        return order.f == "restock" or self.sale.item(order.item)["stock"] >= order.quantity

    def refuse(self, order: Order) -> tuple[int, dict[str, Any]]:  # noqa: ARG002  - a bug may look at it
        return 409, {"code": "out-of-stock", "status": 409}

    def effect(self, order: Order) -> tuple[int, dict[str, Any]]:
        columns = {}
        if order.f == "buy":
            self.fence += 1
            columns["fence"] = self.fence
        row = self.sale.add_row(order.f, order.key, order.item, order.quantity, **columns)
        return 200, {name: row[name] for name in row if name.endswith("_id")} | {"stock": row["stock_after"]}

    def close(self, orders: list[Order]) -> None:
        """Hook for harm that depends on how operations ended."""


class Unguarded(Shop):
    def admits(self, order: Order) -> bool:
        self.harmed |= not super().admits(order)
        return True


class Forgetful(Shop):
    """Acknowledges every third purchase without having written it."""

    def effect(self, order: Order) -> tuple[int, dict[str, Any]]:
        if order.key and len(self.answers) % 3 == 0:
            return 200, {"purchase_id": "never-written", "restock_id": "never-written", "stock": 0}
        return super().effect(order)

    def close(self, orders: list[Order]) -> None:
        self.harmed = any((told[0], told[1].get("purchase_id")) == (200, "never-written") for _, told in ends(orders))


class Keyless(Shop):
    """Takes the key down and executes every request anew."""

    def execute(self, order: Order) -> tuple[int, dict[str, Any]]:
        return self.decide(order)

    def close(self, orders: list[Order]) -> None:  # noqa: ARG002  - the rows tell
        rows = collections.Counter((row["key"], "fence" in row) for row in self.sale.purchases + self.sale.restocks)
        self.harmed = any(count > 1 for (key, _), count in rows.items() if key is not None)


class Haunted(Shop):
    """Refuses, and sells nevertheless."""

    def refuse(self, order: Order) -> tuple[int, dict[str, Any]]:
        self.effect(order)
        return super().refuse(order)

    def close(self, orders: list[Order]) -> None:
        self.harmed = any(told[0] == 409 for _, told in ends(orders))


class Stingy(Shop):
    """Sends every second buyer away, and there was always plenty."""

    def admits(self, order: Order) -> bool:
        return order.f == "restock" or len(self.answers) % 2 == 0

    def close(self, orders: list[Order]) -> None:
        self.harmed = any(told[0] == 409 for _, told in ends(orders))


class Stale(Shop):
    """Lets a holder write whose fence is older than the last one."""

    def effect(self, order: Order) -> tuple[int, dict[str, Any]]:
        answer = super().effect(order)
        fences = [row["fence"] for row in self.sale.purchases if row["item_id"] == order.item]
        if order.f == "buy" and len(fences) == 3:
            self.sale.purchases[-1]["fence"] = fences[-2]
            self.harmed = True
        return answer


def ends(orders: list[Order]) -> list[tuple[Order, tuple[int, dict[str, Any]]]]:
    return [(order, told) for order in orders for told in order.told if told is not None]


def crowd(chance: random.Random, items: list[str]) -> list[Order]:
    """Return orders that overlap at will, on a clock so coarse that instants often coincide."""
    orders: list[Order] = []
    for number in range(chance.randint(4, 40)):
        clock = chance.randrange(60)
        attempts = []
        for fate in chance.choices(
            [["answered"], ["lost", "answered"], ["lost"], ["busy", "lost", "answered"], ["busy"]], [12, 4, 1, 2, 1]
        )[0]:
            until = clock + chance.randrange(12)
            executed: int | None = chance.randint(clock, until)
            if fate == "lost":
                executed = chance.choice([None, executed, clock + chance.randrange(80)])
            attempts.append(Attempt(clock, until, None if fate == "busy" else executed, fate))
            clock = until + chance.randrange(5)
        f = "restock" if chance.random() < 0.1 else "buy"
        order = Order(f, f"k{number}", chance.choice(items), chance.choice([1, 1, 1, 2, 3]), attempts, [])
        if chance.random() < 0.1 and f == "buy":
            order.key = None
            del order.attempts[1:]
        if orders and chance.random() < 0.1:
            twin = chance.choice(orders)
            order.f, order.key, order.item, order.quantity = twin.f, twin.key, twin.item, twin.quantity
            if order.key is None:
                del order.attempts[1:]
        order.told = [None] * len(order.attempts)
        orders.append(order)
    return orders


def serve(shop: Shop, orders: list[Order], chance: random.Random) -> None:
    """Execute every request at its instant, and tell what was executed and not lost."""
    requests = [
        (attempt.executed_ns, chance.random(), order, place)
        for order in orders
        for place, attempt in enumerate(order.attempts)
        if attempt.executed_ns is not None
    ]
    for _, _, order, place in sorted(requests, key=lambda request: request[:2]):
        answer = shop.execute(order)
        if order.attempts[place].fate == "answered":
            order.told[place] = answer
    shop.close(orders)


def write_down(sale: Any, orders: list[Order]) -> None:
    """Record what each client saw."""
    for order in sorted(orders, key=lambda order: order.attempts[-1].return_ns):
        seen = []
        for attempt, told in zip(order.attempts, order.told, strict=True):
            busy = (429, "rate-limited") if attempt.fate == "busy" else (0, "timeout")
            seen.append((attempt.call_ns, attempt.return_ns, *((told[0], told[1].get("code")) if told else busy)))
        told = order.told[-1]
        fates = {attempt.fate for attempt in order.attempts}
        outcome = "fail" if fates == {"busy"} else "unknown"
        if told:
            outcome = "ok" if told[0] == 200 else "fail"
        operation = sale.add(outcome, order.f, order.key, order.item, order.quantity, *seen)
        operation["value"] = told[1] if told else None


def simulate(new_sale: Callable[[], Any], kind: type[Shop], seed: int, stock: dict[str, int]) -> tuple[Shop, Any]:
    chance = random.Random(seed)  # noqa: S311  - a crowd is no secret
    sale = new_sale()
    shop = kind(sale, stock)
    orders = crowd(chance, list(stock))
    serve(shop, orders, chance)
    write_down(sale, orders)
    return shop, sale


seeds = st.integers(0, 2**32)
few = st.fixed_dictionaries({"hot": st.integers(0, 12), "cold": st.integers(0, 12)})
many = settings(max_examples=500, deadline=None)
some = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@many
@given(seeds, few)
def test_a_right_shop_is_never_called_wrong(new_sale, sale_rules, seed, stock) -> None:
    _, sale = simulate(new_sale, Shop, seed, stock)
    assert sale.invalid() == set()
    for name, finding in sale.findings().items():
        assert "failed" not in finding.observed
        if name in sale_rules - EVIDENCE and sale.purchases and name != "no_lost_purchase":
            assert finding.verdict == "valid", (name, finding.observed)


@pytest.mark.parametrize(
    ("kind", "stock", "caught_by"),
    [
        (Unguarded, few, {"no_oversell", "stock_never_negative"}),
        (Forgetful, few, {"no_lost_purchase"}),
        (Keyless, few, {"one_row_a_key"}),
        (Haunted, few, {"no_phantom_purchase"}),
        (Stingy, st.just({"hot": PLENTY, "cold": PLENTY}), {"refusals_legal"}),
        (Stale, few, {"fences_monotone"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@some
@given(data=st.data(), seed=seeds)
def test_a_shop_that_did_harm_is_never_called_right(new_sale, kind, stock, caught_by, data, seed) -> None:
    shop, sale = simulate(new_sale, kind, seed, data.draw(stock))
    assume(shop.harmed)
    assume(sale.purchases)
    assert caught_by <= sale.invalid()
