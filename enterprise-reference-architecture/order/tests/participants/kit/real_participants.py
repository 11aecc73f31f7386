"""The participants' real services, each on a database of its own, and a customer's way to them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from conformance.service import Api, Service
from conformance.subject import subjects

from trivet_order.adapters.http import (
    Circuit,
    Client,
    SeatsParticipant,
    StockParticipant,
    TokenFile,
    WalletParticipant,
)
from trivet_order.domain import Seat
from trivet_platform import Issuer, Postgres, Supervisor

SCOPES = "accounts.any charges.batch seats.settle stock.settle"
"""What the order is granted."""
DEADLINE_S = 30.0


def fresh(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:12]}"


class Town:
    """One replica of each participant, a shop, and the order's token."""

    def __init__(
        self,
        names: Sequence[str],
        supervisor: Supervisor,
        postgres: Postgres,
        valkeys: Callable[[int], Sequence[str]],
        issuer: Issuer,
        folder: Path,
    ) -> None:
        known = {subject.name: subject for subject in subjects() if subject.name in names}
        self.services = {
            name: Service(subject, next(iter(subject.environments)), supervisor, postgres, valkeys, issuer)
            for name, subject in known.items()
        }
        started = {name: service.start(1)[0] for name, service in self.services.items()}
        self.apis: dict[str, Api] = {name: api for name, (api, _) in started.items()}
        self.programs = [program for _, program in started.values()]
        self.issuer = issuer
        self.token = folder / "token"
        self.token.write_text(issuer.token("order", SCOPES))

    def url(self, name: str) -> str:
        return f"http://{self.apis[name].listen}"

    def tell(self, name: str, method: str, path: str, body: Any = None, who: str = "conformance", **how: Any) -> Any:
        """Send a request as somebody, and return what was answered with success."""
        answer = self.apis[name].call(method, path, body, token=self.services[name].token(who), **how)
        assert answer.status < 300, answer
        return answer.json()

    @asynccontextmanager
    async def client(self, **how: Any) -> AsyncIterator[Client]:
        async with Client(**({"connections_max": 8, "tokens": TokenFile(self.token)} | how)) as client:
            yield client

    def stock(self, client: Client, kind: type[StockParticipant] = StockParticipant) -> StockParticipant:
        return kind(client, self.url("inventory"), circuit("inventory"), deadline_s=DEADLINE_S)

    def seats(self, client: Client) -> SeatsParticipant:
        return SeatsParticipant(client, self.url("reservation"), circuit("reservation"), deadline_s=DEADLINE_S)

    def wallet(self, client: Client, merchant: str) -> WalletParticipant:
        return WalletParticipant(client, self.url("wallet"), circuit("wallet"), merchant, deadline_s=DEADLINE_S)

    def account(self, owner: str, kind: str = "customer", balance_minor: int = 0, currency: str = "EUR") -> str:
        """Open an account with a balance."""
        account_id = fresh(owner)
        self.tell("wallet", "POST", "/accounts", {"id": account_id, "owner": owner, "kind": kind, "currency": currency})
        if balance_minor:
            self.tell("wallet", "POST", "/deposits", {"account_id": account_id, "amount_minor": balance_minor})
        return account_id

    def balance(self, account_id: str) -> int:
        return int(self.tell("wallet", "GET", f"/accounts/{account_id}")["balance_minor"])

    def show(self, price_minor: int = 4500, currency: str = "EUR") -> str:
        """Put a show on sale, with seats a-1-1 to a-1-9."""
        block = {"name": "a", "unit_price_minor": price_minor, "currency": currency, "rows": 1, "seats_per_row": 9}
        body = {"id": fresh("show"), "name": "Hamlet", "blocks": [block]}
        return str(self.tell("reservation", "POST", "/shows", body)["id"])

    def hold(self, show_id: str, *seats: str, who: str = "alice") -> Seat:
        """Hold seats as a customer."""
        body = {"id": fresh("hold"), "show_id": show_id, "seats": list(seats)}
        held = self.tell("reservation", "POST", "/seat-holds", body, who)
        return Seat(show_id, held["id"], held["token"])

    def item(self, stock: int, price_minor: int = 700, currency: str = "EUR") -> str:
        """Put an item on sale."""
        body = {"id": fresh("item"), "stock": stock, "unit_price_minor": price_minor, "currency": currency}
        return str(self.tell("inventory", "POST", "/items", body)["id"])

    def stock_of(self, item_id: str) -> int:
        return int(self.tell("inventory", "GET", f"/items/{item_id}")["stock"])


def circuit(name: str) -> Circuit:
    return Circuit(name, silences_max=5, open_s=1)
