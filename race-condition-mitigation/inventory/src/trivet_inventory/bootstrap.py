"""The composition root: the one place where settings become objects and a strategy is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from prometheus_client import CollectorRegistry

from trivet_chassis import (
    Gate,
    Health,
    PoolCollector,
    SettingsError,
    arm_service,
    gate_of,
)
from trivet_inventory import migrations
from trivet_inventory.database import Database, Limits
from trivet_inventory.failpoints import FAILPOINTS
from trivet_inventory.holds import StockDesk, Sweeper, Terms
from trivet_inventory.items import Catalogue
from trivet_inventory.metrics import HoldMetrics, Metrics
from trivet_inventory.pruning import Pruner
from trivet_inventory.purchases import Checkout
from trivet_inventory.schema import verify_for
from trivet_inventory.settings import MEMBER, Settings
from trivet_inventory.strategies import Strategy
from trivet_locks import Redlock as Quorum

from .strategies.advisory import Advisory
from .strategies.naive import Naive
from .strategies.redlock import Redlock


@dataclass(frozen=True)
class Inventory:
    """One process's objects, wired together."""

    settings: Settings
    registry: CollectorRegistry
    database: Database
    strategy: Strategy
    checkout: Checkout
    catalogue: Catalogue
    stock_desk: StockDesk
    sweeper: Sweeper
    pruner: Pruner
    gate: Gate
    health: Health

    async def close(self) -> None:
        """Give back every connection."""
        await self.database.close()
        await self.strategy.close()


def _redlock(settings: Settings) -> Strategy:
    if not settings.valkey_urls:
        raise SettingsError(["TRIVET_INVENTORY_VALKEY_URLS is not set: strategy redlock needs independent masters"])
    try:
        quorum = Quorum.connect(settings.valkey_urls, node_deadline_ms=settings.lock_node_deadline_ms)
    except ValueError as error:
        raise SettingsError([f"TRIVET_INVENTORY_VALKEY_URLS: {error}"]) from error
    return Redlock(quorum, settings.lock_ttl_ms)


def _advisory(settings: Settings) -> Strategy:
    if settings.lock_wait_ms >= settings.statement_timeout_ms:
        raise SettingsError(["TRIVET_INVENTORY_LOCK_WAIT_MS must be less than TRIVET_INVENTORY_STATEMENT_TIMEOUT_MS"])
    return Advisory(settings.lock_wait_ms)


def _naive(_: Settings) -> Strategy:
    return Naive()


_STRATEGIES: Mapping[str, tuple[type[Strategy], Callable[[Settings], Strategy]]] = MappingProxyType(
    {
        Redlock.name: (Redlock, _redlock),
        Advisory.name: (Advisory, _advisory),
        Naive.name: (Naive, _naive),
    }
)


def _chosen(settings: Settings) -> tuple[type[Strategy], Callable[[Settings], Strategy]]:
    """Return the chosen strategy's class and how it is made, if it may be started here.

    Raises:
        SettingsError: It belongs into a lab and this is none.
    """
    strategy, make = _STRATEGIES[settings.strategy]
    if strategy.lab_only and settings.lab is None:
        raise SettingsError(
            [f"TRIVET_INVENTORY_STRATEGY={settings.strategy} oversells: only a lab may start it, under TRIVET_LAB"]
        )
    return strategy, make


def migrate(settings: Settings) -> None:
    """Bring the database to the shape that the chosen strategy wants."""
    strategy, _ = _chosen(settings)
    migrations.migrate(settings.database_url, constrained=strategy.constrained)


def build(settings: Settings) -> Inventory:
    """Wire everything together and arm what a lab asked for; nothing is connected yet.

    Raises:
        SettingsError: The settings do not go together.
    """
    arm_service(settings, MEMBER, FAILPOINTS)
    if settings.hold_ttl_ms_max < settings.hold_ttl_ms:
        raise SettingsError(["TRIVET_INVENTORY_HOLD_TTL_MS_MAX must be at least TRIVET_INVENTORY_HOLD_TTL_MS"])
    _, make = _chosen(settings)
    strategy = make(settings)
    gate = gate_of(settings, MEMBER, settings.listen)
    registry = CollectorRegistry()
    database = Database(settings.database_url, Limits.of(settings), verify_for(strategy))
    registry.register(PoolCollector(MEMBER, database.connections))
    holds = HoldMetrics(registry)
    return Inventory(
        settings=settings,
        registry=registry,
        database=database,
        strategy=strategy,
        checkout=Checkout(database, strategy, Metrics(registry, strategy.name)),
        catalogue=Catalogue(database),
        stock_desk=StockDesk(database, holds, Terms(settings.hold_ttl_ms, settings.hold_ttl_ms_max)),
        sweeper=Sweeper(database, holds, settings.sweep_interval_ms),
        pruner=Pruner(database, timedelta(hours=settings.answer_retention_h), settings.prune_interval_s),
        gate=gate,
        health=Health(
            {"database": database.blocker, strategy.name: strategy.blocker, **gate.checks}, concerns=gate.concerns
        ),
    )
