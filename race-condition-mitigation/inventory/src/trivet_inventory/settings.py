"""Everything that can be set, and the only place that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

from trivet_chassis import TokenSettings, load_settings, setting, unknown_variables

MEMBER = "inventory"
STRATEGIES = ("redlock", "advisory", "naive")


@dataclass(frozen=True, kw_only=True)
class Settings(TokenSettings):
    """The settings of one process, validated."""

    listen: str = setting("Address to serve HTTP on, host:port.", default="127.0.0.1:8000")
    database_url: str = setting("PostgreSQL, postgresql://user:password@host:port/database.", secret=True)
    valkey_urls: tuple[str, ...] = setting(
        "Independent Redis-protocol masters for Redlock, redis://host:port/0 each; an odd number, five as a rule.",
        default=(),
        secret=True,
    )
    requests_max: int = setting(
        "How many requests may be served at once; one more gets 429. More than get their turn at a connection within "
        "TRIVET_INVENTORY_POOL_WAIT_MS; and so few that their bodies fit into the memory, 64 KiB each at most.",
        default=2000,
        minimum=1,
        maximum=100_000,
    )
    strategy: str = setting("How buyers of one item exclude each other.", default="redlock", choices=STRATEGIES)
    lock_ttl_ms: int = setting(
        "How long a Redlock lease lives, in ms: a crashed holder blocks its item that long.",
        default=5000,
        minimum=100,
        maximum=60_000,
    )
    lock_node_deadline_ms: int = setting(
        "How long each Redlock master is waited for, in ms; a slow one then counts as one that did not answer.",
        default=50,
        minimum=5,
        maximum=1000,
    )
    lock_wait_ms: int = setting(
        "How long an advisory lock is waited for, in ms; 0 tries once. Then the buyer gets 429.",
        default=200,
        minimum=0,
        maximum=10_000,
    )
    pool_connections_max: int = setting(
        "Database connections of this process. On a hot row fewer are faster.", default=24, minimum=1, maximum=200
    )
    pool_wait_ms: int = setting(
        "How long a request waits for its turn at a connection, in ms; then 503.",
        default=1000,
        minimum=1,
        maximum=30_000,
    )
    statement_timeout_ms: int = setting(
        "The server ends a statement that runs longer, in ms.", default=2000, minimum=10, maximum=60_000
    )
    idle_in_transaction_timeout_ms: int = setting(
        "The server ends a transaction whose client says nothing for this long, in ms: a paused process must not "
        "hold locks for ever.",
        default=5000,
        minimum=100,
        maximum=60_000,
    )
    commit_timeout_ms: int = setting(
        "How long COMMIT is waited for, in ms; then the outcome is unknown.", default=5000, minimum=10, maximum=60_000
    )
    answer_retention_h: int = setting(
        "How long stored response bodies are kept, in hours. Keys are kept for good.", default=24, minimum=24
    )
    prune_interval_s: int = setting("Time between two prunings of stored bodies, in s.", default=600, minimum=1)
    drain_delay_ms: int = setting(
        "On SIGTERM: how long to serve on while /readyz already says no, in ms.",
        default=0,
        minimum=0,
        maximum=120_000,
    )
    drain_timeout_s: int = setting(
        "On SIGTERM: how long requests in flight may take to end, in s.", default=15, minimum=1, maximum=600
    )
    log_level: str = setting(
        "How much to log.", default="info", choices=("debug", "info", "warning", "error", "critical")
    )
    lab: str | None = setting(
        "The lab run that this process belongs to; opens what only a lab may start.",
        default=None,
        variable="TRIVET_LAB",
    )
    failpoints: str | None = setting(
        "What happens at which moment of a purchase, name=kill|pause:MS|error[@HIT],…; nothing without TRIVET_LAB.",
        default=None,
        variable="TRIVET_FAILPOINTS",
    )


def settings_from_environment() -> Settings:
    """Read the settings of this process.

    Raises:
        SettingsError: With a sentence for every variable that is missing or wrong.
    """
    return load_settings(Settings, MEMBER, os.environ)


def unread_variables() -> list[str]:
    """Return a sentence for every variable that looks like a setting of this member and is none."""
    return unknown_variables(Settings, MEMBER, os.environ)
