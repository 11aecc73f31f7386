"""Everything that can be set, and the only place that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

from trivet_chassis import ServiceSettings, load_settings, setting, unknown_variables

MEMBER = "inventory"
STRATEGIES = ("redlock", "advisory", "naive")


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The settings of one process, validated."""

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
    answer_retention_h: int = setting(
        "How long stored response bodies are kept, in hours. Keys are kept for good.", default=24, minimum=24
    )
    hold_ttl_ms: int = setting(
        "How long a hold lives that names no time itself, in ms: what nobody pinned is in stock again after it.",
        default=120_000,
        minimum=1000,
        maximum=86_400_000,
    )
    hold_ttl_ms_max: int = setting(
        "The longest time that a hold may ask for, in ms.", default=600_000, minimum=1000, maximum=86_400_000
    )
    sweep_interval_ms: int = setting(
        "Time between two looks for holds that have expired, in ms; replicas share what they find.",
        default=500,
        minimum=10,
        maximum=60_000,
    )
    prune_interval_s: int = setting("Time between two prunings of stored bodies, in s.", default=600, minimum=1)


def settings_from_environment() -> Settings:
    """Read the settings of this process.

    Raises:
        SettingsError: With a sentence for every variable that is missing or wrong.
    """
    return load_settings(Settings, MEMBER, os.environ)


def unread_variables() -> list[str]:
    """Return a sentence for every variable that looks like a setting of this member and is none."""
    return unknown_variables(Settings, MEMBER, os.environ)
