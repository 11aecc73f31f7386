"""What every service is told beside its callers' tokens, and what is looked at before it is wired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .failpoints import configure_failpoints
from .server import host_and_port
from .settings import SettingsError, setting
from .tokens import TokenSettings


@dataclass(frozen=True, kw_only=True)
class ServiceSettings(TokenSettings):
    """The settings of a process with a door and a database; a member's own settings inherit them.

    How many connections and requests fit depends on what a member does with them: it says so itself.
    """

    listen: str = setting("Address to serve HTTP on, host:port.", default="127.0.0.1:8000")
    database_url: str = setting("PostgreSQL, postgresql://user:password@host:port/database.", secret=True)
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
        "What happens at which moment of the work, name=kill|pause:MS|error[@HIT],…; nothing without TRIVET_LAB.",
        default=None,
        variable="TRIVET_FAILPOINTS",
    )


def arm_service(settings: ServiceSettings, member: str, known: Mapping[str, str]) -> None:
    """Look whether the address is one, and arm the failpoints that a lab asked for.

    Args:
        settings: of the process.
        member: its name, as its variables spell it.
        known: the failpoints that it has, and what each is.

    Raises:
        SettingsError: The address is none, or a failpoint is asked for that is not here.
    """
    try:
        host_and_port(settings.listen)
    except ValueError as error:
        raise SettingsError([f"TRIVET_{member.upper()}_LISTEN {error}"]) from error
    configure_failpoints(settings.failpoints, settings.lab, known)
