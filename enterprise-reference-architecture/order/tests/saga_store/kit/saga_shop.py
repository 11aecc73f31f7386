"""Real workers on a real database: orders, customers who change their minds, and the end of it all."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import asyncpg
from order_contracts.samples import change, store, wish
from remote_participants import ParticipantServer
from sql_sagas import SqlSagas

from trivet_order.adapters.sqlalchemy.audit import judge
from trivet_order.domain import Money, OrderAggregate, OrderError, Seat, Stock
from trivet_platform import Program, Supervisor, free_port

PRICE = Money(500, "EUR")
LEASE_MS = 1500
_PATIENCE_S = 120
_LOOK_EVERY_S = 0.02
_WORKER = str(Path(__file__).parent / "remote_worker.py")
_NOWHERE = "http://127.0.0.1:1"
_GOING = "SELECT count(*) FROM sagas WHERE ended_at IS NULL"


class SagaShop:
    """Orders of an umbrella and a seat each: some customers are poor, some cancel, and umbrellas are scarce."""

    def __init__(self, supervisor: Supervisor, url: str, seed: int, cuts: float = 0.05) -> None:
        self._supervisor = supervisor
        self._url = url
        self._rng = random.Random(seed)  # noqa: S311  - a schedule, which keeps no secret
        self._workers: list[Program] = []
        self._orders: list[OrderAggregate] = []
        self._umbrellas = 0
        self.server = ParticipantServer(seed, cuts)

    async def __aenter__(self) -> Self:
        """Begin with nothing."""
        self._ground = SqlSagas(self._url)
        await self._ground.empty()
        await self._ground.rows("UPDATE saga_leases SET holder = NULL, until = '-infinity'")
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End every worker."""
        for worker in self._workers:
            await asyncio.to_thread(worker.kill)
        await self.server.__aexit__()
        await self._ground.database.close()

    async def sell(self, orders: int, umbrellas: int) -> None:
        """Put so many umbrellas on sale, and accept so many orders."""
        self._umbrellas += umbrellas
        stock = self.server.participants.stock
        stock.add("umbrella", umbrellas + (stock.left("umbrella") if self._orders else 0), PRICE)
        for _ in range(orders):
            customer = f"customer-{uuid4().hex}"
            order = OrderAggregate(uuid4(), customer_id=customer, account_id=f"{customer}-eur")
            seat = Seat("hamlet", f"hold-{order.id}", "secret")
            order.add_item(Stock("umbrella"), 1)
            order.add_item(seat, 1)
            order.place()
            self.server.participants.seats.hold(customer, seat, PRICE)
            purse_minor = 999 if self._rng.random() < 0.15 else 1000
            self.server.participants.wallet.open(order.account_id, customer, Money(purse_minor, "EUR"))
            self._orders.append(await store(self._ground.units, order))

    async def change_minds(self, share: float) -> None:
        """Have a share of the customers cancel, one after the other."""
        for order in self._orders:
            if self._rng.random() < share:
                try:
                    await change(self._ground.units, order.id, wish)
                except OrderError:
                    continue  # too late, or somebody else was first

    async def worker(self, **environment: str) -> Program:
        """Start a worker."""
        listen = f"127.0.0.1:{free_port()}"
        variables = {
            "TRIVET_ORDER_LISTEN": listen,
            "TRIVET_ORDER_DATABASE_URL": self._url,
            "TRIVET_ORDER_INVENTORY_URL": _NOWHERE,
            "TRIVET_ORDER_RESERVATION_URL": _NOWHERE,
            "TRIVET_ORDER_WALLET_URL": _NOWHERE,
            "TRIVET_ORDER_SAGA_LEASE_MS": str(LEASE_MS),
            "TRIVET_ORDER_SAGA_BATCH_MAX": "8",
            "TRIVET_ORDER_SAGA_RETRY_MS_MAX": "200",
            "TRIVET_LAB": "tests",
        }
        argv = [sys.executable, _WORKER, str(self.server.port)]
        # It is ready as soon as it runs: one that is to die may be dead before anybody could look.
        program = Program(f"saga-{listen.rpartition(':')[2]}", argv, variables | environment)
        self._workers.append(program)
        await asyncio.to_thread(self._supervisor.start, program)
        return program

    async def died(self, program: Program) -> None:
        """Wait until a worker is gone."""
        await _until(lambda: not program.pids)

    def told(self, program: Program, event: str = "failpoint") -> list[dict[str, Any]]:
        """Return the lines of an event in a worker's log."""
        log = Path(self._supervisor.directory) / "log" / f"{program.name}.log"
        return [json.loads(line) for line in log.read_text().splitlines() if f'"event":"{event}"' in line]

    async def tells(self, program: Program, event: str, times: int = 1) -> None:
        """Wait until a worker has told of an event so often."""
        await _until(lambda: len(self.told(program, event)) >= times)

    async def everything(self) -> list[tuple[Any, ...]]:
        """Return every row that a worker writes but the leases."""
        tables = ("orders", "order_lines", "sagas", "saga_steps", "outbox")
        each = " UNION ALL ".join(f"SELECT '{name}', {name}::text FROM {name}" for name in tables)  # noqa: S608  - ours
        return await self._ground.rows(f"SELECT * FROM ({each}) AS every ORDER BY 1, 2")  # noqa: S608  - ours

    async def events(self) -> dict[str, int]:
        """Return how often each event happened."""
        return dict(await self._ground.rows("SELECT event, count(*) FROM saga_steps GROUP BY event"))

    async def drained(self) -> dict[str, int]:
        """Wait until every checkout has ended, judge all that was done, and return how many ended how."""
        async with asyncio.timeout(_PATIENCE_S):
            while (await self._ground.rows(_GOING)) != [(0,)]:  # noqa: ASYNC110  - rows of another process
                await asyncio.sleep(_LOOK_EVERY_S)
        return await self._judged()

    async def _judged(self) -> dict[str, int]:
        """Judge by the participants' ledgers and the orders' statuses, never by what sagas say of themselves."""
        ledgers, participants = self.server.participants.ledgers, self.server.participants
        done: defaultdict[UUID, list[str]] = defaultdict(list)
        for entry in sorted([*ledgers.stock, *ledgers.seats], key=lambda each: each.at):
            done[entry.order_id].append(f"{type(entry).__name__[:5]} {entry.kind}")
        taken: defaultdict[UUID, list[Money]] = defaultdict(list)
        for charge in ledgers.money:
            taken[charge.order_id].append(charge.amount)
        ended: defaultdict[str, int] = defaultdict(int)
        for order_id, status in await self._ground.rows("SELECT id, status FROM orders"):
            ended[status] += 1
            kinds = sorted(done[order_id])
            if status == "Order Confirmed":
                assert kinds == ["SeatE pinned", "SeatE sold", "Stock pinned", "Stock sold"], (order_id, kinds)
                assert taken[order_id] == [Money(1000, "EUR")]
            else:
                assert status == "Order Cancelled"
                assert taken[order_id] == [], order_id
                for what in ("SeatE", "Stock"):
                    its = [kind for kind in kinds if kind.startswith(what)]
                    assert its in ([], [f"{what} pinned", f"{what} returned"]), (order_id, kinds)
        assert not participants.stock.pinned() | participants.seats.pinned()
        assert participants.stock.left("umbrella") + ended["Order Confirmed"] == self._umbrellas
        assert sum(ended.values()) == len(self._orders)
        connection = await asyncpg.connect(self._url)
        try:
            audit = await judge(connection)
            assert audit.proven, [finding for finding in audit.findings if not finding.proven]
        finally:
            await connection.close()
        return dict(ended)


async def _until(is_so: Callable[[], bool]) -> None:
    """Wait for what another process or task does, and tells nobody of."""
    async with asyncio.timeout(_PATIENCE_S):
        while not is_so():  # noqa: ASYNC110  - who does it cannot set an event here
            await asyncio.sleep(_LOOK_EVERY_S)
