"""Django settings for the type checker's plugin, which imports the models; nothing is run with them."""

from __future__ import annotations

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "trivet_wallet.ledger",
]
SECRET_KEY = "for types alone"  # noqa: S105  - nothing is signed with it
TRIVET_GUARDED = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
