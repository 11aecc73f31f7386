"""What participants do, wherever they are: in memory, or behind HTTP in their services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import uuid4

import pytest

from order_contracts.samples import someone
from trivet_order.application.saga import (
    Captured,
    Charge,
    Command,
    ConfirmSeats,
    ConfirmStock,
    Declined,
    Held,
    HoldStock,
    ParticipantPort,
    PinSeats,
    Refused,
    Rejected,
    Released,
    ReleaseSeats,
    ReleaseStock,
    Reply,
    Sold,
    StockLine,
    Void,
    Voided,
)
from trivet_order.domain import Money, Seat, Stock

EUR_7 = Money(700, "EUR")


class StockGround(Protocol):
    """Inventory, and what a test needs beside its port."""

    @property
    def participant(self) -> ParticipantPort: ...

    async def item(self, stock: int, price: Money) -> Stock:
        """Put so many units of a new item on sale."""

    async def left(self, item: Stock) -> int:
        """Return how many units nobody has."""


class SeatsGround(Protocol):
    """Reservation, and what a test needs beside its port."""

    @property
    def participant(self) -> ParticipantPort: ...

    async def seat(self, customer_id: str, price: Money) -> Seat:
        """Let a customer hold one seat of a show, as one does before one orders it."""

    async def give_up(self, seat: Seat, customer_id: str) -> None:
        """Let the customer release what no order has pinned."""


class WalletGround(Protocol):
    """The wallet, and what a test needs beside its port."""

    @property
    def participant(self) -> ParticipantPort: ...

    async def account(self, customer_id: str, balance: Money) -> str:
        """Open an account of a customer."""

    async def put_in(self, account_id: str, amount: Money) -> None:
        """Let money come in."""

    async def balance_minor(self, account_id: str) -> int:
        """Return what is in it."""


async def ask(participant: ParticipantPort, *commands: Command) -> Sequence[Reply]:
    """Send commands in one call; there is a reply for each."""
    replies = await participant.send(commands)
    assert len(replies) == len(commands)
    return replies


async def one(participant: ParticipantPort, command: Command) -> Reply:
    """Send one command."""
    return (await ask(participant, command))[0]


class StockParticipantContract:
    """Inventory: all lines or none, once, and nothing after its release."""

    @pytest.fixture
    def inventory(self) -> StockGround:
        raise NotImplementedError

    async def test_a_hold_takes_every_line_and_answers_with_its_price(self, inventory: StockGround) -> None:
        umbrella, hat = await inventory.item(5, EUR_7), await inventory.item(9, Money(1_000, "EUR"))
        hold = HoldStock(uuid4(), someone(), (StockLine(umbrella, 3), StockLine(hat, 2)))
        for _ in range(3):
            assert await one(inventory.participant, hold) == Held((Money(2_100, "EUR"), Money(2_000, "EUR")))
            assert [await inventory.left(umbrella), await inventory.left(hat)] == [2, 7]

    async def test_one_line_that_is_sold_out_refuses_all_for_good(self, inventory: StockGround) -> None:
        umbrella, hat = await inventory.item(5, EUR_7), await inventory.item(1, EUR_7)
        hold = HoldStock(uuid4(), someone(), (StockLine(umbrella, 3), StockLine(hat, 2)))
        for _ in range(2):
            reply = await one(inventory.participant, hold)
            assert isinstance(reply, Refused)
            assert reply.code == "out-of-stock"
        assert [await inventory.left(umbrella), await inventory.left(hat)] == [5, 1]

    async def test_what_is_held_can_be_sold_once(self, inventory: StockGround) -> None:
        item = await inventory.item(2, EUR_7)
        order_id, customer = uuid4(), someone()
        await one(inventory.participant, HoldStock(order_id, customer, (StockLine(item, 2),)))
        for _ in range(2):
            assert await one(inventory.participant, ConfirmStock(order_id, customer)) == Sold()
        assert not isinstance(await one(inventory.participant, ReleaseStock(order_id, customer)), Released)
        assert await inventory.left(item) == 0

    async def test_what_is_released_is_on_sale_again_and_not_held_any_more(self, inventory: StockGround) -> None:
        item = await inventory.item(2, EUR_7)
        order_id, customer = uuid4(), someone()
        hold = HoldStock(order_id, customer, (StockLine(item, 2),))
        await one(inventory.participant, hold)
        for _ in range(2):
            assert await one(inventory.participant, ReleaseStock(order_id, customer)) == Released()
            assert await inventory.left(item) == 2
        assert isinstance(await one(inventory.participant, hold), Refused)
        assert not isinstance(await one(inventory.participant, ConfirmStock(order_id, customer)), Sold)
        assert await inventory.left(item) == 2

    async def test_a_release_that_comes_first_refuses_the_late_hold(self, inventory: StockGround) -> None:
        item = await inventory.item(2, EUR_7)
        order_id, customer = uuid4(), someone()
        assert await one(inventory.participant, ReleaseStock(order_id, customer)) == Released()
        assert isinstance(
            await one(inventory.participant, HoldStock(order_id, customer, (StockLine(item, 1),))), Refused
        )
        assert await inventory.left(item) == 2

    async def test_what_was_refused_can_be_released(self, inventory: StockGround) -> None:
        item = await inventory.item(1, EUR_7)
        order_id, customer = uuid4(), someone()
        await one(inventory.participant, HoldStock(order_id, customer, (StockLine(item, 2),)))
        assert await one(inventory.participant, ReleaseStock(order_id, customer)) == Released()
        assert await inventory.left(item) == 1

    async def test_what_nothing_was_held_for_is_not_sold(self, inventory: StockGround) -> None:
        assert isinstance(await one(inventory.participant, ConfirmStock(uuid4(), someone())), Refused | Rejected)

    async def test_each_of_many_gets_its_own_answer(self, inventory: StockGround) -> None:
        item, gone = await inventory.item(100, EUR_7), Stock(f"nobody-sells-{uuid4().hex}")
        buyers = [(uuid4(), someone()) for _ in range(30)]
        holds = [
            HoldStock(order_id, customer, (StockLine(gone if number == 7 else item, 4),))
            for number, (order_id, customer) in enumerate(buyers)
        ]
        replies = await ask(inventory.participant, *holds)
        assert isinstance(replies[7], Refused)
        held = [number for number, reply in enumerate(replies) if isinstance(reply, Held)]
        assert len(held) == 25
        assert await inventory.left(item) == 0
        mixed = [(ConfirmStock if number % 2 else ReleaseStock)(*buyers[number]) for number in [*held, *reversed(held)]]
        replies = await ask(inventory.participant, *mixed)
        for command, reply in zip(mixed, replies, strict=True):
            assert reply == (Sold() if isinstance(command, ConfirmStock) else Released())
        assert await inventory.left(item) == 4 * sum(number % 2 == 0 for number in held)

    async def test_it_is_ready_and_asking_nothing_is_nothing(self, inventory: StockGround) -> None:
        assert list(await inventory.participant.send([])) == []
        assert inventory.participant.ready_in_s() == 0


class SeatsParticipantContract:
    """Reservation: what the customer holds is pinned for one order, and released by that one alone."""

    @pytest.fixture
    def reservation(self) -> SeatsGround:
        raise NotImplementedError

    async def test_a_pin_answers_with_a_price_a_line(self, reservation: SeatsGround) -> None:
        customer, order_id = someone(), uuid4()
        seats = (await reservation.seat(customer, EUR_7), await reservation.seat(customer, Money(900, "EUR")))
        for _ in range(3):
            assert await one(reservation.participant, PinSeats(order_id, customer, seats)) == Held(
                (EUR_7, Money(900, "EUR"))
            )

    async def test_what_another_order_pinned_is_refused(self, reservation: SeatsGround) -> None:
        customer = someone()
        seat = await reservation.seat(customer, EUR_7)
        assert isinstance(await one(reservation.participant, PinSeats(uuid4(), customer, (seat,))), Held)
        other = uuid4()
        assert isinstance(await one(reservation.participant, PinSeats(other, customer, (seat,))), Refused)
        assert await one(reservation.participant, ReleaseSeats(other, customer, (seat,))) == Released()
        assert isinstance(await one(reservation.participant, PinSeats(uuid4(), customer, (seat,))), Refused)

    async def test_the_token_proves_whose_the_hold_is(self, reservation: SeatsGround) -> None:
        customer = someone()
        seat = await reservation.seat(customer, EUR_7)
        forged = Seat(seat.show_id, seat.hold_id, "0" * len(seat.token))
        assert isinstance(await one(reservation.participant, PinSeats(uuid4(), customer, (forged,))), Refused)

    async def test_a_hold_that_is_over_is_refused(self, reservation: SeatsGround) -> None:
        customer = someone()
        seat = await reservation.seat(customer, EUR_7)
        await reservation.give_up(seat, customer)
        assert isinstance(await one(reservation.participant, PinSeats(uuid4(), customer, (seat,))), Refused)

    async def test_what_is_pinned_can_be_sold_once(self, reservation: SeatsGround) -> None:
        customer, order_id = someone(), uuid4()
        seats = (await reservation.seat(customer, EUR_7),)
        await one(reservation.participant, PinSeats(order_id, customer, seats))
        for _ in range(2):
            assert await one(reservation.participant, ConfirmSeats(order_id, customer, seats)) == Sold()
        assert not isinstance(await one(reservation.participant, ReleaseSeats(order_id, customer, seats)), Released)
        assert await one(reservation.participant, ConfirmSeats(order_id, customer, seats)) == Sold()

    async def test_what_is_not_pinned_is_not_sold(self, reservation: SeatsGround) -> None:
        customer = someone()
        seats = (await reservation.seat(customer, EUR_7),)
        reply = await one(reservation.participant, ConfirmSeats(uuid4(), customer, seats))
        assert isinstance(reply, Refused | Rejected)

    async def test_what_is_released_is_not_pinned_by_that_order_any_more(self, reservation: SeatsGround) -> None:
        customer, order_id = someone(), uuid4()
        seats = (await reservation.seat(customer, EUR_7),)
        await one(reservation.participant, PinSeats(order_id, customer, seats))
        for _ in range(2):
            assert await one(reservation.participant, ReleaseSeats(order_id, customer, seats)) == Released()
        assert isinstance(await one(reservation.participant, PinSeats(order_id, customer, seats)), Refused)

    async def test_a_release_that_comes_first_refuses_the_late_pin(self, reservation: SeatsGround) -> None:
        customer, order_id = someone(), uuid4()
        seats = (await reservation.seat(customer, EUR_7),)
        assert await one(reservation.participant, ReleaseSeats(order_id, customer, seats)) == Released()
        assert isinstance(await one(reservation.participant, PinSeats(order_id, customer, seats)), Refused)

    async def test_each_of_many_gets_its_own_answer(self, reservation: SeatsGround) -> None:
        customers = [someone() for _ in range(12)]
        seats = [await reservation.seat(customer, EUR_7) for customer in customers]
        await reservation.give_up(seats[3], customers[3])
        orders = [uuid4() for _ in customers]
        pins = [PinSeats(orders[at], customers[at], (seats[at],)) for at in range(12)]
        replies = await ask(reservation.participant, *pins)
        assert [isinstance(reply, Held) for reply in replies] == [at != 3 for at in range(12)]
        mixed = [
            (ConfirmSeats if at % 2 else ReleaseSeats)(orders[at], customers[at], (seats[at],))
            for at in range(12)
            if at != 3
        ]
        for command, reply in zip(mixed, await ask(reservation.participant, *mixed), strict=True):
            assert reply == (Sold() if isinstance(command, ConfirmSeats) else Released())

    async def test_it_is_ready_and_asking_nothing_is_nothing(self, reservation: SeatsGround) -> None:
        assert list(await reservation.participant.send([])) == []
        assert reservation.participant.ready_in_s() == 0


class WalletParticipantContract:
    """The wallet: a charge is decided once, and a void says which came first."""

    @pytest.fixture
    def wallet(self) -> WalletGround:
        raise NotImplementedError

    async def test_a_charge_is_taken_once(self, wallet: WalletGround) -> None:
        customer = someone()
        account = await wallet.account(customer, Money(1_000, "EUR"))
        charge = Charge(uuid4(), customer, account, EUR_7)
        for _ in range(3):
            assert await one(wallet.participant, charge) == Captured(EUR_7)
            assert await wallet.balance_minor(account) == 300

    async def test_a_decline_is_for_good(self, wallet: WalletGround) -> None:
        customer = someone()
        account = await wallet.account(customer, Money(699, "EUR"))
        charge = Charge(uuid4(), customer, account, EUR_7)
        assert isinstance(await one(wallet.participant, charge), Declined)
        await wallet.put_in(account, EUR_7)
        assert isinstance(await one(wallet.participant, charge), Declined)
        assert await one(wallet.participant, Void(charge.order_id, customer)) == Voided()
        assert await wallet.balance_minor(account) == 1_399

    async def test_a_void_that_comes_first_refuses_the_late_charge(self, wallet: WalletGround) -> None:
        customer, order_id = someone(), uuid4()
        account = await wallet.account(customer, Money(1_000, "EUR"))
        for _ in range(2):
            assert await one(wallet.participant, Void(order_id, customer)) == Voided()
            assert await one(wallet.participant, Charge(order_id, customer, account, EUR_7)) == Voided()
        assert await wallet.balance_minor(account) == 1_000

    async def test_a_void_that_comes_second_says_what_was_taken(self, wallet: WalletGround) -> None:
        customer, order_id = someone(), uuid4()
        account = await wallet.account(customer, Money(1_000, "EUR"))
        charge = Charge(order_id, customer, account, EUR_7)
        assert await one(wallet.participant, charge) == Captured(EUR_7)
        for _ in range(2):
            assert await one(wallet.participant, Void(order_id, customer)) == Captured(EUR_7)
        assert await one(wallet.participant, charge) == Captured(EUR_7)
        assert await wallet.balance_minor(account) == 300

    async def test_an_account_that_is_not_the_customers_is_not_charged(self, wallet: WalletGround) -> None:
        customer = someone()
        theirs = await wallet.account(someone(), Money(1_000, "EUR"))
        for account in (theirs, str(uuid4())):
            charge = Charge(uuid4(), customer, account, EUR_7)
            assert isinstance(await one(wallet.participant, charge), Rejected)
            assert await one(wallet.participant, Void(charge.order_id, customer)) == Voided()
            assert not isinstance(await one(wallet.participant, charge), Captured)
        assert await wallet.balance_minor(theirs) == 1_000

    async def test_nothing_is_taken_in_another_currency(self, wallet: WalletGround) -> None:
        customer = someone()
        account = await wallet.account(customer, Money(1_000, "EUR"))
        reply = await one(wallet.participant, Charge(uuid4(), customer, account, Money(10, "USD")))
        assert isinstance(reply, Rejected)
        assert await wallet.balance_minor(account) == 1_000

    async def test_each_of_many_gets_its_own_answer(self, wallet: WalletGround) -> None:
        customer = someone()
        account = await wallet.account(customer, Money(7_000, "EUR"))
        orders = [uuid4() for _ in range(14)]
        voids = [Void(order_id, customer) for order_id in orders[:3]]
        assert list(await ask(wallet.participant, *voids)) == [Voided()] * 3
        replies = await ask(wallet.participant, *(Charge(order_id, customer, account, EUR_7) for order_id in orders))
        assert list(replies[:3]) == [Voided()] * 3
        assert sum(reply == Captured(EUR_7) for reply in replies) == 10
        assert sum(isinstance(reply, Declined) for reply in replies) == 1
        assert await wallet.balance_minor(account) == 0

    async def test_it_is_ready_and_asking_nothing_is_nothing(self, wallet: WalletGround) -> None:
        assert list(await wallet.participant.send([])) == []
        assert wallet.participant.ready_in_s() == 0
