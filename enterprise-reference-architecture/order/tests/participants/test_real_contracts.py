"""The contract suites of the participants' port, over HTTP at their real services."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from order_contracts import (
    SeatsParticipantContract,
    StockParticipantContract,
    WalletParticipantContract,
)
from real_participants import Town, fresh

from trivet_order.adapters.http import Client
from trivet_order.application.saga import Command, ParticipantPort, Reply
from trivet_order.domain import Money, Seat, Stock


class AskedOnce:
    """A participant with a client of its own for each call, in whatever event loop that is made."""

    def __init__(self, town: Town, made: Callable[[Client], ParticipantPort]) -> None:
        self._town = town
        self._made = made

    async def send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        async with self._town.client() as client:
            return await self._made(client).send(commands)

    def ready_in_s(self) -> float:
        return self._made(Client(connections_max=1, tokens=None)).ready_in_s()


class HttpStockGround:
    """See StockGround."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.participant = AskedOnce(town, town.stock)

    async def item(self, stock: int, price: Money) -> Stock:
        return Stock(self._town.item(stock, price.amount_minor, price.currency))

    async def left(self, item: Stock) -> int:
        return self._town.stock_of(item.item_id)


class HttpSeatsGround:
    """See SeatsGround."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.participant = AskedOnce(town, town.seats)

    async def seat(self, customer_id: str, price: Money) -> Seat:
        show = self._town.show(price.amount_minor, price.currency)
        return self._town.hold(show, "a-1-1", who=customer_id)

    async def give_up(self, seat: Seat, customer_id: str) -> None:
        path = f"/seat-holds/{seat.hold_id}?show_id={seat.show_id}"
        self._town.tell("reservation", "DELETE", path, who=customer_id)


class HttpWalletGround:
    """See WalletGround."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._merchants: dict[str, str] = {}
        self.participant = AskedOnce(town, lambda client: town.wallet(client, self._merchant("EUR")))

    def _merchant(self, currency: str) -> str:
        if currency not in self._merchants:
            self._merchants[currency] = self._town.account(fresh("shop"), "merchant", currency=currency)
        return self._merchants[currency]

    async def account(self, customer_id: str, balance: Money) -> str:
        return self._town.account(customer_id, "customer", balance.amount_minor, balance.currency)

    async def put_in(self, account_id: str, amount: Money) -> None:
        body = {"account_id": account_id, "amount_minor": amount.amount_minor}
        self._town.tell("wallet", "POST", "/deposits", body)

    async def balance_minor(self, account_id: str) -> int:
        return self._town.balance(account_id)


class TestStockOverHttp(StockParticipantContract):
    @pytest.fixture
    def inventory(self, town: Town) -> HttpStockGround:
        return HttpStockGround(town)


class TestSeatsOverHttp(SeatsParticipantContract):
    @pytest.fixture
    def reservation(self, town: Town) -> HttpSeatsGround:
        return HttpSeatsGround(town)


class TestWalletOverHttp(WalletParticipantContract):
    @pytest.fixture
    def wallet(self, town: Town) -> HttpWalletGround:
        return HttpWalletGround(town)
