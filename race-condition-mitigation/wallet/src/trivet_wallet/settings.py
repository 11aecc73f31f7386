"""Everything that can be set, and the only place that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

from trivet_chassis import ServiceSettings, load_settings, setting, unknown_variables

MEMBER = "wallet"
STRATEGIES = ("select_for_update", "optimistic", "naive")


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The settings of one process, validated."""

    requests_max: int = setting(
        "How many requests may be served at once; one more gets 429. Above TRIVET_WALLET_QUEUE_MAX, or that queue "
        "never fills; and so few that their bodies fit into the memory, 64 KiB each at most.",
        default=2000,
        minimum=1,
        maximum=100_000,
    )
    strategy: str = setting(
        "How those who move one account's money exclude each other.", default="select_for_update", choices=STRATEGIES
    )
    pool_connections_max: int = setting(
        "Database connections of this process: one a lane, one to fold, the others to read and for batches.",
        default=12,
        minimum=3,
        maximum=200,
    )
    lanes: int = setting(
        "How many transactions of combined requests are under way at once in this process.",
        default=2,
        minimum=1,
        maximum=100,
    )
    lane_patience_ms: int = setting(
        "How long the lanes at work may take before another begins, in ms.", default=50, minimum=0, maximum=10_000
    )
    batch_max: int = setting(
        "How many requests may share a transaction; 1 gives each its own.", default=64, minimum=1, maximum=1000
    )
    queue_max: int = setting(
        "How many requests may wait for a connection; one more gets 429.", default=1000, minimum=0, maximum=100_000
    )
    lock_wait_ms: int = setting(
        "How long a row that somebody else holds is waited for, in ms; then 429. Above the server's deadlock_timeout, "
        "or a deadlock ends as a long wait.",
        default=1500,
        minimum=1,
        maximum=60_000,
    )
    attempts_max: int = setting(
        "How often a transaction that met another (a deadlock, a lost race of versions) is tried in all; then 429.",
        default=10,
        minimum=1,
        maximum=100,
    )
    fold_interval_ms: int = setting(
        "Time between two foldings of pending entries into their accounts' rows, in ms.",
        default=500,
        minimum=10,
        maximum=60_000,
    )
    admin_listen: str = setting(
        "Address to serve the staff's pages on, host:port; loopback unless TRIVET_WALLET_ADMIN_HTTPS.",
        default="127.0.0.1:8001",
    )
    admin_hosts: tuple[str, ...] = setting(
        "The names under which staff reach their pages; a request for another is refused.",
        default=("localhost", "127.0.0.1", "[::1]"),
    )
    admin_https: bool = setting(
        "Whether staff reach their pages over TLS, which a proxy ends: cookies travel in no other way then.",
        default=False,
    )
    admin_proxies: tuple[str, ...] = setting(
        "Addresses or networks of the proxies that end TLS for the staff's pages: nobody else is believed that a "
        "request came over TLS, or from whom. Empty is this machine, while the pages listen to nothing else.",
        default=(),
    )
    admin_secret_key: str | None = setting(
        "Signs the staff's sessions: 50 random characters or more, known to nobody; only trivet-wallet admin needs it.",
        default=None,
        secret=True,
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
