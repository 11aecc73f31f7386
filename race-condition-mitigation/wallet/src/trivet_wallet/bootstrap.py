"""The composition root: the one place where settings become objects and a strategy is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from django.core.management import call_command
from prometheus_client import CollectorRegistry

from trivet_chassis import Gate, SettingsError, arm_service, gate_of
from trivet_locks import advisory_key
from trivet_wallet import framework, guard
from trivet_wallet.combiner import Combiner
from trivet_wallet.connection import nothing_to_verify
from trivet_wallet.failpoints import FAILPOINTS
from trivet_wallet.fold import Folder
from trivet_wallet.metrics import Metrics
from trivet_wallet.selectors import Selectors
from trivet_wallet.settings import MEMBER, Settings
from trivet_wallet.strategies import Strategy
from trivet_wallet.strategies.naive import Naive
from trivet_wallet.strategies.optimistic import Optimistic
from trivet_wallet.strategies.select_for_update import SelectForUpdate
from trivet_wallet.teller import Teller
from trivet_wallet.transactions import Transactions

_STRATEGIES: Mapping[str, type[Strategy]] = MappingProxyType(
    {strategy.name: strategy for strategy in (SelectForUpdate, Optimistic, Naive)}
)


@dataclass(frozen=True)
class Wallet:
    """One process's objects, wired together."""

    settings: Settings
    registry: CollectorRegistry
    transactions: Transactions
    strategy: Strategy
    teller: Teller
    selectors: Selectors
    folder: Folder
    gate: Gate

    def confirm(self) -> None:
        """Look at the database now, so that a wrong one is refused at start and not at the first request.

        Raises:
            WrongDatabase: It is not what the strategy wants.
            Unavailable: It cannot be reached, which may pass.
        """
        with framework.connect(self.settings) as connection:
            guard.verify(connection, self.strategy)

    def combine(self, soon: Callable[[Callable[[], object]], object]) -> Combiner:
        """Start the lanes that single commands are settled in; ``soon`` as the combiner wants it."""
        settings = self.settings
        return Combiner(
            self.teller,
            soon,
            lanes=settings.lanes,
            patience_ms=settings.lane_patience_ms,
            batch_max=settings.batch_max,
            queue_max=settings.queue_max,
            wait_ms=settings.pool_wait_ms,
        )


def _chosen(settings: Settings) -> type[Strategy]:
    """Return the chosen strategy's class, if it may be started here.

    Raises:
        SettingsError: It belongs into a lab and this is none.
    """
    strategy = _STRATEGIES[settings.strategy]
    if strategy.lab_only and settings.lab is None:
        raise SettingsError(
            [f"TRIVET_WALLET_STRATEGY={settings.strategy} spends twice: only a lab may start it, under TRIVET_LAB"]
        )
    return strategy


def migrate(settings: Settings) -> None:
    """Bring the database to the shape that the chosen strategy wants.

    The tables of the staff's pages are among them, wherever those are served or not: one command knows the whole shape,
    and permissions on the books are rows that Django makes whenever the books' migrations end.

    Which race: two replicas that start together find the same step undone, and both do it. Why this guard: who migrates
    holds an advisory lock, on a connection of its own because every step is a transaction; the second waits, and then
    finds nothing to do. If it is lost, one of the two fails, and its step with it: steps are transactions.
    """
    strategy = _chosen(settings)
    framework.configure(
        settings, nothing_to_verify, TRIVET_GUARDED=strategy.guarded, INSTALLED_APPS=framework.STAFF_APPS
    )
    with framework.connect(settings) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [advisory_key("wallet.migrate", "head")])
        call_command("migrate", verbosity=0)


def build(settings: Settings, **django: Any) -> Wallet:
    """Wire everything together and arm what a lab asked for; nothing is connected yet.

    Args:
        settings: The wallet's.
        **django: Django's own settings, where they are not those of the API.

    Raises:
        SettingsError: The settings do not go together.
    """
    arm_service(settings, MEMBER, FAILPOINTS)
    if settings.pool_connections_max < settings.lanes + 2:
        raise SettingsError(["TRIVET_WALLET_POOL_CONNECTIONS_MAX must be at least TRIVET_WALLET_LANES + 2"])
    if settings.lane_patience_ms >= settings.pool_wait_ms:  # strangers would be refused beside an idle lane
        raise SettingsError(["TRIVET_WALLET_LANE_PATIENCE_MS must be below TRIVET_WALLET_POOL_WAIT_MS"])
    chosen = _chosen(settings)
    gate = gate_of(settings, MEMBER, settings.listen)
    routed = {"ROOT_URLCONF": "trivet_wallet.entrypoints.urls"} | django
    framework.configure(settings, partial(guard.verify, strategy=chosen), **routed)
    strategy = chosen()
    registry = CollectorRegistry()
    metrics = Metrics(registry, strategy.name)
    transactions = Transactions(settings.attempts_max, metrics)
    return Wallet(
        settings=settings,
        registry=registry,
        transactions=transactions,
        strategy=strategy,
        teller=Teller(transactions, strategy, metrics),
        selectors=Selectors(transactions),
        folder=Folder(transactions),
        gate=gate,
    )
