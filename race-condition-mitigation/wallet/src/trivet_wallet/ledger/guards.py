"""The constraints that stand between a mistake and the money, which a lab leaves out for its ``naive`` strategy."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations


class AddGuard(migrations.AddConstraint):
    """Adds a constraint, unless the database is made for somebody who is to be seen breaking it."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Add it, if this database is guarded."""
        if settings.TRIVET_GUARDED:
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Remove it, if this database is guarded."""
        if settings.TRIVET_GUARDED:
            super().database_backwards(app_label, schema_editor, from_state, to_state)
