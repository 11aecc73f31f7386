"""What the database enforces beyond Django's constraints: postings balance, and nothing is written twice over."""

from __future__ import annotations

from django.db import migrations

from trivet_wallet.sql import statement


class Migration(migrations.Migration):
    """Triggers; there is no way back, since without them the books prove nothing."""

    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(statement("make_balanced")),
        migrations.RunSQL(statement("make_append_only")),
    ]
