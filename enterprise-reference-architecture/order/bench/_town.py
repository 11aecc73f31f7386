"""All services as the lab puts them on stage, one replica of each process, and people who order.

Every other order is of goods and every other one of a seat that its customer holds, so that each has three steps, and
all three participants are asked.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg

from trivet_lab.bench import BenchError, open_loop, request_bytes
from trivet_lab.members import Member, find_members, standing_of
from trivet_lab.scene import request_json
from trivet_lab.settings import checkout
from trivet_lab.topologies import Shop, Stage
from trivet_platform import Supervisor

MEMBERS = ("inventory", "reservation", "wallet", "order")
SETTINGS = {"inventory": {"TRIVET_INVENTORY_STRATEGY": "advisory"}}
SCOPES = "accounts.any accounts.open accounts.read deposits.write items.write orders.read orders.write seats.hold "
SCOPES += "shows.read shows.write"
CUSTOMERS, CONNECTIONS, HOLDERS = 200, 64, 4
MERCHANT, ITEM, PRICE_MINOR, PURSE_MINOR, STOCK, SEATS_A_ROW = "merchant", "umbrella", 700, 1_000_000_000, 1_000_000, 50
HOLD_TTL_MS = 600_000
ENDED = "SELECT count(*), extract(epoch FROM max(ended_at))::float8 FROM sagas WHERE ended_at IS NOT NULL"
LOST = "SELECT count(*) FROM sagas WHERE state <> 'confirmed'"
ONE = "SELECT ended_at IS NOT NULL, extract(epoch FROM created_at)::float8 FROM sagas WHERE order_id = %s"
PATIENCE_S = 120.0
LOOK_S, POLL_S = 0.05, 0.001
IDLE_S = (0.05, 0.1)
Line = dict[str, object]


def one_of_each(member: Member) -> Member:
    """Return a member with one replica of each process."""
    return dataclasses.replace(
        member, processes=[dataclasses.replace(process, replicas=1) for process in member.processes]
    )


def order_of(number: int, line: Line) -> dict[str, object]:
    """Return the order of a customer, who pays from an account of their own."""
    return {"account_id": customer(number), "lines": [line]}


def customer(number: int) -> str:
    """Return who orders as the so-manieth, in turn; an account of theirs has their name."""
    return f"customer-{number % CUSTOMERS}"


def rows_for(seats: int) -> int:
    """Return how many rows have so many seats at least."""
    return -(-seats // SEATS_A_ROW)


def seat(number: int) -> str:
    """Return the name of the so-manieth seat of the only block."""
    row, place = divmod(number, SEATS_A_ROW)
    return f"a-{row + 1}-{place + 1}"


class Town:
    """A stage with its people, goods and halls."""

    def __init__(self, stage: Stage, order: Member) -> None:
        self._stage = stage
        self._order = order
        names = ["staff", *(customer(number) for number in range(CUSTOMERS))]
        self._tokens = stage.tokens(names, SCOPES)
        self._shows = itertools.count(1)
        self.behind: list[int] = []
        """How many events the timeline had not got when the last order of a sample was confirmed."""

    @property
    def url(self) -> str:
        """Where orders are accepted: the API itself."""
        return self._stage.inside["order"][0]

    def furnish(self) -> None:
        """Open accounts, pay in, and put goods on sale."""
        self._tell("/accounts", {"id": MERCHANT, "owner": MERCHANT, "kind": "merchant", "currency": "EUR"})
        for number in range(CUSTOMERS):
            name = customer(number)
            self._tell("/accounts", {"id": name, "owner": name, "kind": "customer", "currency": "EUR"})
            self._tell("/deposits", {"account_id": name, "amount_minor": PURSE_MINOR})
        self._tell("/items", {"id": ITEM, "stock": STOCK, "unit_price_minor": PRICE_MINOR, "currency": "EUR"})

    def lines(self, count: int) -> list[Line]:
        """Return what so many orders are of, seats being held already."""
        show, seats = f"show-{next(self._shows)}", count // 2
        if seats:
            block = {"name": "a", "unit_price_minor": PRICE_MINOR, "currency": "EUR"}
            block |= {"rows": rows_for(seats), "seats_per_row": SEATS_A_ROW}
            self._tell("/shows", {"id": show, "name": "Hamlet", "blocks": [block]})

        def line(number: int) -> Line:
            if number % 2 == 0:
                return {"item_id": ITEM, "quantity": 1}
            wanted = {"id": f"{show}-{number}", "show_id": show, "seats": [seat(number // 2)], "ttl_ms": HOLD_TTL_MS}
            held = self._tell("/seat-holds", wanted, customer(number))
            return {"show_id": show, "hold_id": wanted["id"], "token": held["token"]}

        with ThreadPoolExecutor(HOLDERS) as pool:
            return list(pool.map(line, range(count)))

    def requests(self, lines: Sequence[Line]) -> list[bytes]:
        """Return the orders of these as they go over the wire, each under a key of its own."""
        return [
            request_bytes(
                "POST",
                "/orders",
                {
                    "content-type": "application/json",
                    "idempotency-key": uuid.uuid4().hex,
                    "authorization": f"Bearer {self._tokens[customer(number)]}",
                },
                json.dumps(order_of(number, line)).encode(),
            )
            for number, line in enumerate(lines)
        ]

    def confirmed_per_s(self, count: int) -> float:
        """Return how many orders a second come through, from the first request until the last one is confirmed.

        Raises:
            BenchError: one was not accepted, or did not end confirmed.
        """
        asked = iter(self.requests(self.lines(count)))
        with psycopg.connect(self._stage.readers["order"], autocommit=True) as connection:
            before = self._ended(connection)[0]
            began_s = time.time()
            sent = open_loop(
                self.url, lambda: next(asked), per_s=count * 1000, connections=CONNECTIONS, seconds=1 / 1000
            )
            if sent.statuses != {"202": count}:
                raise BenchError(f"not every order was accepted: {sent.statuses}")
            until = time.monotonic() + PATIENCE_S
            while (ended := self._ended(connection))[0] < before + count:
                if time.monotonic() > until:
                    raise BenchError(f"{before + count - ended[0]} checkouts have not ended after {PATIENCE_S:g} s")
                time.sleep(LOOK_S)
            self.behind.append(self._standing())
            lost = connection.execute(LOST).fetchone()
            if lost != (0,):
                raise BenchError(f"orders were not confirmed: {lost}")
        return count / (ended[1] - began_s)

    def alone_ms(self, count: int) -> float:
        """Return the median from an order's insertion until somebody else sees it confirmed, one after the other."""
        waits_ms = []
        with psycopg.connect(self._stage.readers["order"], autocommit=True) as connection:
            for number, line in enumerate(self.lines(count)):
                time.sleep(random.uniform(*IDLE_S))  # noqa: S311  - no secret: the worker's looks are met at any moment
                told = self._ask(f"{self.url}/orders", order_of(number, line), customer(number))
                while not (row := connection.execute(ONE, [told["id"]]).fetchone() or (False, 0.0))[0]:
                    time.sleep(POLL_S)
                waits_ms.append((time.time() - row[1]) * 1000)
        return statistics.median(waits_ms)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Let all of it stand still but PostgreSQL, once nothing is under way, and then go on."""
        self.settle()
        parts = [part for name, part in self._stage.parts.items() if name != "postgres"]
        for part in parts:
            part.pause()
        try:
            yield
        finally:
            for part in parts:
                part.resume()
        self._wait("every service is ready", lambda: all(part.blocker() is None for part in parts))

    def settle(self) -> None:
        """Wait until everything that happened is told."""
        self._wait("the timeline has all that happened", lambda: self._standing() == 0)

    def _wait(self, what: str, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            if time.monotonic() > until:
                raise BenchError(f"it is not so after {PATIENCE_S:g} s that {what}")
            time.sleep(LOOK_S)

    def _standing(self) -> int:
        return sum(standing_of(self._order, self._stage.readers["order"]))

    def _ended(self, connection: psycopg.Connection) -> tuple[int, float]:
        count, at_s = connection.execute(ENDED).fetchone() or (0, None)
        return count, at_s or 0.0

    def _tell(self, path: str, body: object, who: str = "staff") -> dict[str, object]:
        return self._ask(f"{self._stage.url}{path}", body, who)

    def _ask(self, url: str, body: object, who: str) -> dict[str, object]:
        answer: dict[str, object] = request_json("POST", url, body, key=uuid.uuid4().hex, token=self._tokens[who])
        return answer


@contextmanager
def town(supervisor: Supervisor) -> Iterator[tuple[Shop, Town]]:
    """Start everything, and furnish it."""
    known = find_members(checkout(Path(__file__)))
    members = {name: one_of_each(known[name]) for name in MEMBERS}
    shop = Shop(supervisor, members, "bench")
    shop.open()
    with shop.stage("bench", SETTINGS) as stage:
        found = Town(stage, members["order"])
        found.furnish()
        yield shop, found
