"""What staff may do with the books: look at all of them, and add an adjustment with its reason."""

from __future__ import annotations

from django.db import migrations, models

_READ = ("account", "charge", "operation", "pending", "posting", "transaction")


class Migration(migrations.Migration):
    """A column, and permissions: Django makes those of what stands here when the migrations end."""

    dependencies = [("ledger", "0002_append_only")]

    operations = [
        migrations.AddField(model_name="operation", name="reason", field=models.TextField(null=True)),
        migrations.CreateModel(
            name="Adjustment",
            fields=[],
            options={"proxy": True, "default_permissions": ("add", "view"), "indexes": [], "constraints": []},
            bases=("ledger.operation",),
        ),
        *(migrations.AlterModelOptions(name=name, options={"default_permissions": ("view",)}) for name in _READ),
    ]
