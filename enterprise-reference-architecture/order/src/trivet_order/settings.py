"""Everything that can be set, and the only place that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from trivet_chassis import ServiceSettings, load_settings, setting, unknown_variables

MEMBER = "order"


def _lease_ms(who: str, more: str = "") -> Any:
    """Return the setting of a lease of a shard; ``more`` is what else is true of this one's."""
    return setting(
        f"How long a {who}'s lease of a shard lives, in ms: a crashed {who} keeps its shards back that long, unless "
        f"one of its name comes back.{more}",
        default=6000,
        minimum=100,
        maximum=60_000,
    )


def _poll_ms_max(into_what: str, *, default: int) -> Any:
    """Return the setting of how often one looks for work that holds shards and has none."""
    return setting(
        f"The longest time between two looks {into_what}, in ms.", default=default, minimum=1, maximum=10_000
    )


def _retry_ms_max(of_what: str, more: str = "") -> Any:
    """Return the setting of how long something may be put off that came to nothing."""
    return setting(
        f"The longest time between two tries of {of_what}, in ms{more}.", default=30_000, minimum=10, maximum=3_600_000
    )


@dataclass(frozen=True, kw_only=True)
class _Api:
    """What the API alone is told."""

    requests_max: int = setting(
        "How many requests may be served at once; one more gets 429. More than get their turn at a connection within "
        "TRIVET_ORDER_POOL_WAIT_MS; and so few that their bodies fit into the memory, 64 KiB each at most.",
        default=2000,
        minimum=1,
        maximum=100_000,
    )
    change_attempts_max: int = setting(
        "How often a change of an order is tried that others change at the same time; then 503.",
        default=5,
        minimum=1,
        maximum=100,
    )
    streams_max: int = setting(
        "How many timelines may be watched at once; one more watcher gets 429.",
        default=500,
        minimum=1,
        maximum=100_000,
    )
    stream_poll_ms: int = setting(
        "Time between two looks for new entries of the timelines that are watched, in ms.",
        default=50,
        minimum=1,
        maximum=10_000,
    )
    stream_heartbeat_ms: int = setting(
        "How long a stream of a timeline may be silent, in ms; then it says that it is alive.",
        default=15_000,
        minimum=100,
        maximum=60_000,
    )


@dataclass(frozen=True, kw_only=True)
class _Kafka:
    """What the relay and the projector are told of Kafka."""

    kafka_servers: tuple[str, ...] = setting(
        "Brokers to begin with, host:port each; the relay, the projector and migrate need them, the API does not.",
        default=(),
    )
    topic: str = setting("Where the order's events are published.", default="order.events")
    kafka_cluster: str = setting(
        "What the Kafka cluster is called in the marks of what was published to it.", default="main"
    )
    kafka_epoch: int = setting(
        "How often publishing has moved to another cluster, plus one: what was marked under a smaller one is published "
        "again.",
        default=1,
        minimum=1,
    )
    kafka_request_timeout_ms: int = setting(
        "How long an answer of Kafka is waited for, in ms; then the outcome is unknown.",
        default=2500,
        minimum=100,
        maximum=120_000,
    )


@dataclass(frozen=True, kw_only=True)
class _Relay:
    """What the relay alone is told."""

    relay_batch_max: int = setting(
        "How many events a relay claims, sends and marks at once.", default=500, minimum=1, maximum=10_000
    )
    relay_lease_ms: int = _lease_ms(
        "relay",
        " More than twice TRIVET_ORDER_KAFKA_REQUEST_TIMEOUT_MS, since a lease that ends while its batch waits for "
        "Kafka has the batch sent again.",
    )
    relay_poll_ms_max: int = _poll_ms_max("into an outbox that has nothing new", default=50)
    relay_retry_ms_max: int = _retry_ms_max("an event that cannot be published")
    outbox_age_alarm_ms: int = setting(
        "How old the oldest unpublished event may be, in ms; older, and /readyz of the relay is concerned.",
        default=10_000,
        minimum=1,
    )
    outbox_retention_h: int = setting(
        "How long events stay in the outbox after they were published, in hours.", default=24, minimum=24
    )
    prune_interval_s: int = setting("Time between two prunings of the outbox, in s.", default=600, minimum=1)


@dataclass(frozen=True, kw_only=True)
class _Projector:
    """What the projector alone is told."""

    projector_batch_max: int = setting(
        "How many messages a projector takes into one transaction.", default=500, minimum=1, maximum=10_000
    )
    projector_retry_ms_max: int = setting(
        "The longest time between two tries of a batch while the database is away, in ms.",
        default=1000,
        minimum=1,
        maximum=60_000,
    )
    projector_session_timeout_ms: int = setting(
        "How long Kafka waits for a sign of life of a projector, in ms; then others get its partitions.",
        default=10_000,
        minimum=1000,
        maximum=300_000,
    )


@dataclass(frozen=True, kw_only=True)
class _Participants:
    """Whom a checkout asks, and how."""

    inventory_url: str | None = setting("Where Inventory holds stock, http://host:port; workers need it.", default=None)
    reservation_url: str | None = setting(
        "Where Reservation pins seats, http://host:port; workers need it.", default=None
    )
    wallet_url: str | None = setting("Where the wallet charges, http://host:port; workers need it.", default=None)
    token_file: str | None = setting(
        "A file with the access token that a worker shows to the three; it is read again when it changes. Without one "
        "none is shown.",
        default=None,
    )
    merchant_account: str = setting("The wallet's account that orders are paid to.", default="merchant")
    call_timeout_ms: int = setting(
        "How long an answer of one of the three is waited for, in ms; then the outcome is unknown.",
        default=3000,
        minimum=10,
        maximum=60_000,
    )
    checkout: str = setting(
        "How the three are asked: saga, or for a lab alone naive, which takes a lost answer for a no.",
        default="saga",
        choices=("saga", "naive"),
    )


@dataclass(frozen=True, kw_only=True)
class _Saga:
    """What the workers of checkouts alone are told."""

    saga_batch_max: int = setting(
        "How many checkouts a worker claims at once, and how many commands it sends in one call.",
        default=200,
        minimum=1,
        maximum=200,
    )
    saga_in_hand_max: int = setting(
        "How many checkouts a worker has in hand; as long as it has so many it claims no more.",
        default=2000,
        minimum=1,
        maximum=100_000,
    )
    saga_lease_ms: int = _lease_ms("worker")
    saga_poll_ms_max: int = _poll_ms_max("for checkouts that are due", default=20)
    saga_retry_ms_max: int = _retry_ms_max("a step", "; each is a random time of a doubling one")
    saga_step_deadline_ms: int = setting(
        "How long holding, and then charging, may take, in ms; then the checkout is taken back.",
        default=60_000,
        minimum=100,
        maximum=3_600_000,
    )
    saga_park_after: int = setting(
        "After how many refusals of what must be done a checkout is parked until an operator looks at it.",
        default=10,
        minimum=1,
        maximum=1000,
    )
    saga_age_alarm_ms: int = setting(
        "How long the checkout that is due longest may wait, in ms; longer, and /readyz of the workers is concerned.",
        default=10_000,
        minimum=1,
    )


@dataclass(frozen=True, kw_only=True)
class Settings(_Saga, _Participants, _Projector, _Relay, _Kafka, _Api, ServiceSettings):
    """The settings of one process, validated; each reads those that it needs."""

    pool_connections_max: int = setting("Database connections of this process.", default=24, minimum=1, maximum=200)


def settings_from_environment() -> Settings:
    """Read the settings of this process.

    Raises:
        SettingsError: With a sentence for every variable that is missing or wrong.
    """
    return load_settings(Settings, MEMBER, os.environ)


def unread_variables() -> list[str]:
    """Return a sentence for every variable that looks like a setting of this member and is none."""
    return unknown_variables(Settings, MEMBER, os.environ)
