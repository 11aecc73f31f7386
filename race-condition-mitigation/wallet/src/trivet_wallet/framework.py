"""Django's own settings, made from the wallet's: the API needs the ORM and nothing of Django's web side."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django
import psycopg
from django.conf import settings as django_settings

from trivet_chassis import Unavailable
from trivet_wallet.connection import Verify, connection_class
from trivet_wallet.settings import Settings

APPS = ("trivet_wallet.ledger",)
STAFF_APPS = (
    "trivet_wallet.entrypoints.staff",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    *APPS,
)
"""What the staff's pages take: the first ones' templates come before the later ones'."""


def connect(settings: Settings) -> psycopg.Connection[Any]:
    """Return a connection of one's own, outside of the pool.

    Raises:
        Unavailable: The database cannot be reached; definite.
    """
    try:
        return psycopg.connect(settings.database_url, connect_timeout=2)
    except psycopg.Error as error:
        raise Unavailable("the database cannot be reached", definite=True) from error


def configure(settings: Settings, verify: Verify, **more: Any) -> None:
    """Configure Django once in this process.

    Args:
        settings: The wallet's.
        verify: Looks at every new connection, and raises if it leads to the wrong database.
        **more: Django settings that an entrypoint adds, or replaces.
    """
    django_settings.configure(
        **{
            "DATABASES": {"default": database(settings, verify)},
            "INSTALLED_APPS": list(APPS),
            "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
            "USE_TZ": True,
            "TIME_ZONE": "UTC",
            "LOGGING_CONFIG": None,
            **more,
        }
    )
    django.setup()


def configure_alone() -> None:
    """Configure Django without a database, for what looks at the code alone."""
    django_settings.configure(
        INSTALLED_APPS=list(APPS), ROOT_URLCONF="trivet_wallet.entrypoints.urls", USE_TZ=True, LOGGING_CONFIG=None
    )
    django.setup()


def database(settings: Settings, verify: Verify) -> dict[str, Any]:
    """Return the settings of the one database.

    The pool is psycopg's, bounded, and opened by its first user. Statements are bound and prepared by the server,
    which saves a movement a fifth of its time; a transaction-pooling proxy has to support prepared statements then
    (PgBouncer does from 1.21 on).
    """
    parts = urlsplit(settings.database_url)
    timeouts = {
        "statement_timeout": settings.statement_timeout_ms,
        "lock_timeout": settings.lock_wait_ms,
        "idle_in_transaction_session_timeout": settings.idle_in_transaction_timeout_ms,
        "jit": "off",
        "default_transaction_isolation": "read\\ committed",
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            **dict(parse_qsl(parts.query)),
            "application_name": "trivet-wallet",
            "connect_timeout": 2,
            "options": " ".join(f"-c {name}={value}" for name, value in timeouts.items()),
            "server_side_binding": True,
            "prepare_threshold": 1,
            "pool": {
                "min_size": 0,
                "max_size": settings.pool_connections_max,
                "timeout": settings.pool_wait_ms / 1000,
                "max_lifetime": 3600,
                "reconnect_timeout": 2,
                "connection_class": connection_class(
                    max(settings.commit_timeout_ms, settings.statement_timeout_ms + 1000), verify
                ),
            },
        },
    }
