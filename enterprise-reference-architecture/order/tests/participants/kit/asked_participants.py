"""Commands, participants over something that answers instead of HTTP, and what such a thing says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID, uuid4

from trivet_chassis import PROBLEMS
from trivet_order.adapters.http import Circuit, Client, SeatsParticipant, StockParticipant, WalletParticipant
from trivet_order.adapters.http.client import Response, Unanswered
from trivet_order.application.saga import (
    Charge,
    ConfirmSeats,
    ConfirmStock,
    HoldStock,
    PinSeats,
    ReleaseSeats,
    ReleaseStock,
    StockLine,
    Void,
)
from trivet_order.domain import Money, Seat, Stock

Entry = dict[str, Any]
Answers = Callable[[Sequence[Entry]], Response]
LINES = (StockLine(Stock("umbrella"), 2), StockLine(Stock("poster"), 1))
SEATS = (Seat("hamlet", "evening", "secret"), Seat("hamlet", "other", "hidden"))
ALICE = "alice"


def hold_stock(order_id: UUID, lines: tuple[StockLine, ...] = LINES) -> HoldStock:
    return HoldStock(order_id, ALICE, lines)


def confirm_stock(order_id: UUID) -> ConfirmStock:
    return ConfirmStock(order_id, ALICE)


def release_stock(order_id: UUID) -> ReleaseStock:
    return ReleaseStock(order_id, ALICE)


def pin_seats(order_id: UUID, seats: tuple[Seat, ...] = SEATS) -> PinSeats:
    return PinSeats(order_id, ALICE, seats)


def confirm_seats(order_id: UUID, seats: tuple[Seat, ...] = SEATS) -> ConfirmSeats:
    return ConfirmSeats(order_id, ALICE, seats)


def release_seats(order_id: UUID, seats: tuple[Seat, ...] = SEATS) -> ReleaseSeats:
    return ReleaseSeats(order_id, ALICE, seats)


def charge(order_id: UUID, account_id: str = "alice-eur", amount_minor: int = 4900) -> Charge:
    return Charge(order_id, ALICE, account_id, Money(amount_minor, "EUR"))


def void(order_id: UUID) -> Void:
    return Void(order_id, ALICE)


def problem(code: str, **more: Any) -> dict[str, Any]:
    """Return a problem of the table, as a service says it."""
    kind = PROBLEMS[code]
    told = {"type": kind.type, "title": kind.title, "status": kind.status, "code": code, "detail": f"so: {code}"}
    return told | {"definite": kind.definite, "retryable": kind.retryable} | more


def done(entry: Entry) -> dict[str, Any]:
    """Return what a service says to an entry that is done."""
    line = {"item_id": "umbrella", "quantity": 2, "unit_price_minor": 2500}
    other = {"item_id": "poster", "quantity": 1, "unit_price_minor": 900}
    match entry["op"]:
        case "charge":
            return {"state": "captured", "captured_minor": entry["amount_minor"], "currency": entry["currency"]}
        case "void":
            return {"state": "voided", "charge_key": entry["charge_key"], "released_minor": 0}
        case op if "show_id" in entry:
            return {"id": entry["id"], "state": op, "total_minor": 9900, "currency": "EUR"}
        case op:
            lines = [other, line] if op in {"hold", "pin"} else []
            return {"id": entry["id"], "state": op, "lines": lines, "total_minor": 5900, "currency": "EUR"}


def answer_to(entry: Entry, code: str | None = None, **more: Any) -> dict[str, Any]:
    """Return what one entry is told: that it is done, or a problem."""
    named_by = "id" if "id" in entry else "key"
    if code is None:
        status, body = 200, done(entry)
    else:
        status, body = PROBLEMS[code].status, problem(code, **more)
    return {named_by: entry[named_by], "status": status, "replayed": False, "body": body}


def batch(answers: Sequence[Mapping[str, Any]]) -> Response:
    return Response(200, json.dumps({"answers": answers}).encode(), None)


def whole(code: str, retry_after_s: float | None = None, **more: Any) -> Response:
    """Return the refusal of a whole request."""
    return Response(PROBLEMS[code].status, json.dumps(problem(code, **more)).encode(), retry_after_s)


def all_done(entries: Sequence[Entry]) -> Response:
    return batch([answer_to(entry) for entry in entries])


class Counter:
    """Stands for the client: answers with what a function says, and remembers what it was sent."""

    def __init__(self, answers: Answers = all_done) -> None:
        self.answers = answers
        self.requests: list[list[Entry]] = []
        self.lengths: list[int] = []

    async def post(self, url: str, body: bytes, deadline_s: float) -> Response:
        assert url.startswith("http://")
        assert deadline_s > 0
        entries = json.loads(body)["entries"]
        self.requests.append(entries)
        self.lengths.append(len(body))
        return self.answers(entries)

    @property
    def entries(self) -> list[Entry]:
        """All that was sent."""
        return [entry for request in self.requests for entry in request]


def silent(entries: Sequence[Entry]) -> Response:
    del entries
    raise Unanswered("no answer within 1.000 s", definite=False)


def circuit(silences_max: int = 1000) -> Circuit:
    return Circuit("test", silences_max=silences_max, open_s=60)


def stock_over(counter: Counter, gate: Circuit | None = None, kind: type[StockParticipant] = StockParticipant) -> Any:
    return kind(cast("Client", counter), "http://inventory", gate or circuit(), deadline_s=60)


def seats_over(counter: Counter, gate: Circuit | None = None, kind: type[SeatsParticipant] = SeatsParticipant) -> Any:
    return kind(cast("Client", counter), "http://reservation/", gate or circuit(), deadline_s=60)


def wallet_over(
    counter: Counter, gate: Circuit | None = None, kind: type[WalletParticipant] = WalletParticipant
) -> Any:
    return kind(cast("Client", counter), "http://wallet", gate or circuit(), "shop", deadline_s=60)


OVER = {"stock": stock_over, "seats": seats_over, "wallet": wallet_over}
COMMANDS: dict[str, tuple[str, Callable[[UUID], Any]]] = {
    "hold stock": ("stock", hold_stock),
    "confirm stock": ("stock", confirm_stock),
    "release stock": ("stock", release_stock),
    "pin seats": ("seats", pin_seats),
    "confirm seats": ("seats", confirm_seats),
    "release seats": ("seats", release_seats),
    "charge": ("wallet", charge),
    "void": ("wallet", void),
}
"""Every command, by a name, with who is asked."""


async def ask(name: str, answers: Answers) -> Any:
    """Send one command by its name and return the reply."""
    who, made = COMMANDS[name]
    [reply] = await OVER[who](Counter(answers)).send([made(uuid4())])
    return reply
