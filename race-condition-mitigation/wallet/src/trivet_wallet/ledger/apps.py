"""The application as Django finds it."""

from __future__ import annotations

import importlib

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger, whose label leads the names of its migrations."""

    name = "trivet_wallet.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Register the lookups."""
        importlib.import_module("trivet_wallet.ledger.lookups")
