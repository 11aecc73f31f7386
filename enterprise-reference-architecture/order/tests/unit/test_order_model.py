"""Any sequence of steps on an order, against a model of it that is small enough to be seen to be right."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from order_contracts.samples import AT

from trivet_order.domain import (
    IllegalTransition,
    InvalidOrder,
    Money,
    OrderAggregate,
    OrderError,
    OrderEvent,
    OrderStatus,
    Outcome,
    PricesFixed,
    Seat,
    Stock,
    TooLate,
)

PRODUCTS = [Stock("umbrella"), Stock("kettle"), Seat("hamlet", "h1", "secret"), Seat("hamlet", "h2", "secret")]
PRICES = st.lists(st.builds(Money, st.integers(0, 3), st.sampled_from(["EUR", "USD"])), max_size=len(PRODUCTS))
HAPPY_PATH = ["Order Created", "Inventory Pending", "Inventory Reserved", "Payment Pending", "Order Confirmed"]


class Orders(RuleBasedStateMachine):
    """The model is a list of names of events, how far it came on the happy path, and the prices."""

    @initialize()
    def an_order(self) -> None:
        self.order = OrderAggregate(uuid4(), customer_id="alice", account_id="alice-eur")
        self.products: list[Stock | Seat] = []
        self.prices: list[Money] | None = None
        self.told: list[OrderEvent] = []
        self.history: list[str] = []
        self.far = 0
        self.is_cancelled = False

    @rule(product=st.sampled_from(PRODUCTS), quantity=st.integers(0, 2))
    def add_item(self, product: Stock | Seat, quantity: int) -> None:
        is_wrong = quantity == 0 or (isinstance(product, Seat) and quantity > 1) or product in self.products
        expected = IllegalTransition if self.history else InvalidOrder if is_wrong else None
        self.attempt(lambda: self.order.add_item(product, quantity), expected)
        if expected is None:
            self.products.append(product)

    @rule()
    def place(self) -> None:
        expected = IllegalTransition if self.history else None if self.products else InvalidOrder
        self.attempt(self.order.place, expected)
        if expected is None:
            self.history.append("OrderCreated")

    @rule()
    def begin(self) -> None:
        self.advance(1, "InventoryRequested", self.order.begin)

    @rule(prices=PRICES)
    def mark_reserved(self, prices: list[Money]) -> None:
        if len(prices) != len(self.products) or len({price.currency for price in prices}) != 1:
            self.attempt(lambda: self.order.mark_reserved(prices), InvalidOrder)
        elif self.far == 2 and not self.is_cancelled and prices != self.prices:
            self.attempt(lambda: self.order.mark_reserved(prices), PricesFixed)
        else:
            before = self.far
            self.advance(2, "InventoryReserved", lambda: self.order.mark_reserved(prices))
            if self.far > before:
                self.prices = prices

    @rule()
    @precondition(lambda self: self.prices is None and self.products)
    def mark_reserved_as_it_should_be(self) -> None:
        self.mark_reserved([Money(5, "EUR") for _ in self.products])

    @rule()
    def request_payment(self) -> None:
        self.advance(3, "PaymentRequested", self.order.request_payment)

    @rule()
    def mark_paid(self) -> None:
        self.advance(4, "OrderConfirmed", self.order.mark_paid)

    @rule()
    def cancel(self) -> None:
        if self.far == 4:
            self.attempt(lambda: self.order.cancel("sold out"), TooLate)
        elif not self.history:
            self.attempt(lambda: self.order.cancel("sold out"), IllegalTransition)
        else:
            self.attempt(lambda: self.order.cancel("sold out"), None, is_new=not self.is_cancelled)
            self.end()

    @rule()
    def request_cancellation(self) -> None:
        was_asked = "CancellationRequested" in self.history
        if self.far == 4:
            self.attempt(self.order.request_cancellation, TooLate)
        elif not self.history:
            self.attempt(self.order.request_cancellation, IllegalTransition)
        elif self.far == 0:
            self.attempt(self.order.request_cancellation, None, is_new=not self.is_cancelled)
            self.end()
        else:
            is_new = not (was_asked or self.is_cancelled)
            self.attempt(self.order.request_cancellation, None, is_new=is_new)
            self.history += ["CancellationRequested"] * is_new

    @rule()
    def pull(self) -> None:
        self.told += self.order.pull_events(AT)

    @rule()
    @precondition(lambda self: self.history)
    def store_and_read(self) -> None:
        self.pull()
        order = self.order
        self.order = OrderAggregate(
            order.id,
            order.items,
            order.status,
            customer_id=order.customer_id,
            account_id=order.account_id,
            version=order.version,
            cancellation_requested=order.cancellation_requested,
            cancel_reason=order.cancel_reason,
        )

    @invariant()
    def the_order_is_what_the_model_says(self) -> None:
        order = self.order
        assert order.status == ("Order Cancelled" if self.is_cancelled else HAPPY_PATH[self.far])
        assert order.version == len(self.history)
        assert [line.product for line in order.items] == self.products
        assert [line.price for line in order.items] == (self.prices or [None] * len(self.products))
        assert order.total == (
            Money(sum(p.amount_minor for p in self.prices), self.prices[0].currency) if self.prices else None
        )
        assert order.cancellation_requested is ("CancellationRequested" in self.history)
        assert (order.cancel_reason is not None) is self.is_cancelled

    def teardown(self) -> None:
        """What was told is the history: no event is missing, none is told twice, none is out of place."""
        with suppress(AttributeError):  # no order was made
            self.pull()
            assert [type(event).__name__ for event in self.told] == self.history
            assert [event.aggregate_version for event in self.told] == list(range(1, len(self.history) + 1))
            assert len({event.event_id for event in self.told}) == len(self.told)

    def advance(self, to: int, name: str, step: Callable[[], Outcome]) -> None:
        """Take a step of the happy path."""
        if not self.history or self.is_cancelled or self.far not in {to - 1, to}:
            self.attempt(step, IllegalTransition)
        else:
            is_new = self.far == to - 1
            self.attempt(step, None, is_new=is_new)
            self.history += [name] * is_new
            self.far = to

    def end(self) -> None:
        self.history += ["OrderCancelled"] * (not self.is_cancelled)
        self.is_cancelled = True

    def attempt(
        self, step: Callable[[], object], expected: type[OrderError] | None, *, is_new: bool | None = None
    ) -> None:
        try:
            outcome = step()
        except OrderError as error:
            assert type(error) is expected  # noqa: PT017  - the model says which, or that there is none
        else:
            assert expected is None, f"{expected} was expected"
            assert is_new is None or outcome is (Outcome.DONE if is_new else Outcome.ALREADY_DONE)


TestOrders = Orders.TestCase
TestOrders.settings = settings(
    max_examples=150, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_the_model_speaks_of_every_status() -> None:
    assert [*HAPPY_PATH, "Order Cancelled"] == [str(status) for status in OrderStatus]
