"""The worker of checkouts, and what an operator needs who looks after them."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from trivet_chassis import SettingsError, failpoint
from trivet_order.adapters.http import (
    Circuit,
    Client,
    SeatsParticipant,
    StockParticipant,
    TokenFile,
    WalletParticipant,
)
from trivet_order.adapters.naive import NaiveSeats, NaiveStock, NaiveWallet
from trivet_order.adapters.sqlalchemy import Database
from trivet_order.adapters.sqlalchemy.saga_backlog import SagaBacklog, weigh_sagas
from trivet_order.adapters.sqlalchemy.saga_leases import SqlAlchemySagaLeases
from trivet_order.adapters.sqlalchemy.saga_operations import SqlAlchemySagaOperations
from trivet_order.adapters.sqlalchemy.sagas import SqlAlchemySagas
from trivet_order.adapters.sqlalchemy.statements import PLANNED_EACH_TIME
from trivet_order.adapters.waiting import InterruptibleTime
from trivet_order.application.saga import Orchestrator, Participants, SagaObserverPort, SagaPace
from trivet_order.bootstrap.process import Process, limits_of, make_process
from trivet_order.settings import Settings

SILENCES_MAX = 5
"""After so many calls in a row that nobody answered, a participant is left alone for a while."""
OPEN_S = 1.0
"""How long that is; then one call asks whether it is back."""
_PARTIES = 3


@dataclass(frozen=True)
class Asking:
    """The classes of the participants' adapters."""

    stock: type[StockParticipant]
    seats: type[SeatsParticipant]
    wallet: type[WalletParticipant]
    lab_only: bool = False


_ASKING: Mapping[str, Asking] = MappingProxyType(
    {
        "saga": Asking(StockParticipant, SeatsParticipant, WalletParticipant),
        "naive": Asking(NaiveStock, NaiveSeats, NaiveWallet, lab_only=True),
    }
)


@dataclass(frozen=True)
class Checkouts:
    """One worker's objects; what belongs to an event loop is made in it."""

    process: Process
    asking: Asking
    store: SqlAlchemySagas
    leases: SqlAlchemySagaLeases
    pace: SagaPace
    holder: str

    @asynccontextmanager
    async def participants(self) -> AsyncIterator[Participants]:
        """Lend the participants, over one pool of connections."""
        settings = self.process.settings
        tokens = None if settings.token_file is None else TokenFile(Path(settings.token_file))
        deadline_s, asking = settings.call_timeout_ms / 1000, self.asking
        async with Client(connections_max=_PARTIES * self.pace.calls_max, tokens=tokens) as client:
            yield Participants(
                asking.stock(client, str(settings.inventory_url), _circuit("inventory"), deadline_s=deadline_s),
                asking.seats(client, str(settings.reservation_url), _circuit("reservation"), deadline_s=deadline_s),
                asking.wallet(
                    client,
                    str(settings.wallet_url),
                    _circuit("wallet"),
                    settings.merchant_account,
                    deadline_s=deadline_s,
                ),
            )

    def orchestrator(
        self, participants: Participants, time: InterruptibleTime, observer: SagaObserverPort
    ) -> Orchestrator:
        """Return the orchestrator."""
        return Orchestrator(
            self.store,
            self.leases,
            participants,
            time=time,
            observer=observer,
            pace=self.pace,
            jitter=random.random,
            failpoint=failpoint,
        )

    async def weigh(self) -> SagaBacklog:
        """Return what waits, in all shards (StoreUnavailable if nobody can say)."""
        return await weigh_sagas(self.process.database)


def pace_of(settings: Settings) -> SagaPace:
    """Return how a worker goes about it."""
    return SagaPace(
        batch=settings.saga_batch_max,
        in_hand_max=settings.saga_in_hand_max,
        lease_s=settings.saga_lease_ms / 1000,
        idle_pause_s=settings.saga_poll_ms_max / 1000,
        retry_max_s=settings.saga_retry_ms_max / 1000,
        step_deadline_s=settings.saga_step_deadline_ms / 1000,
        park_after=settings.saga_park_after,
    )


def build_checkouts(settings: Settings) -> Checkouts:
    """Wire a worker together; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together.
    """
    asking = _chosen(settings)
    process = make_process(settings, "saga", parameters=PLANNED_EACH_TIME)
    holder = f"{socket.gethostname()}/{settings.listen}"
    leases = SqlAlchemySagaLeases(process.database, holder, settings.saga_lease_ms / 1000)
    return Checkouts(process, asking, SqlAlchemySagas(process.database, holder), leases, pace_of(settings), holder)


def build_saga_operations(settings: Settings) -> tuple[Database, SqlAlchemySagaOperations]:
    """Wire what an operator needs who looks after checkouts; the database is to be closed afterwards."""
    database = Database(settings.database_url, limits_of(settings), "trivet-order-sagas")
    return database, SqlAlchemySagaOperations(database)


def _circuit(name: str) -> Circuit:
    return Circuit(name, silences_max=SILENCES_MAX, open_s=OPEN_S)


def _chosen(settings: Settings) -> Asking:
    """Return how the participants are asked, if they are known and that may be done here."""
    urls = {
        "INVENTORY": settings.inventory_url,
        "RESERVATION": settings.reservation_url,
        "WALLET": settings.wallet_url,
    }
    missing = [f"TRIVET_ORDER_{name}_URL is not set: a checkout asks it" for name, url in urls.items() if not url]
    asking = _ASKING[settings.checkout]
    if asking.lab_only and settings.lab is None:
        missing.append(
            f"TRIVET_ORDER_CHECKOUT={settings.checkout} charges and does not deliver: only a lab may start it, under "
            "TRIVET_LAB"
        )
    if missing:
        raise SettingsError(missing)
    return asking
