"""The books: accounts, transactions, postings, pending entries, operations and charges."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from trivet_wallet.ledger.guards import AddGuard


class Migration(migrations.Migration):
    """Six tables; the guards last, so that a lab can do without them."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Transaction",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("deposit", "deposit"),
                            ("transfer", "transfer"),
                            ("capture", "capture"),
                            ("refund", "refund"),
                            ("adjustment", "adjustment"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "transactions",
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("owner", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[("customer", "customer"), ("merchant", "merchant"), ("external", "external")],
                        max_length=8,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("hot", models.BooleanField(default=False)),
                ("row_minor", models.BigIntegerField(default=0)),
                ("held_minor", models.BigIntegerField(default=0)),
                ("version", models.BigIntegerField(default=0)),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "accounts",
                "indexes": [models.Index(fields=["owner"], name="accounts_owner")],
                "constraints": [
                    models.UniqueConstraint(fields=("id", "currency"), name="accounts_id_currency"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Charge",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("subject", models.CharField(max_length=200)),
                ("key", models.CharField(max_length=255)),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("currency", models.CharField(max_length=3, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("authorised", "authorised"),
                            ("captured", "captured"),
                            ("declined", "declined"),
                            ("voided", "voided"),
                        ],
                        max_length=10,
                    ),
                ),
                ("captured_minor", models.BigIntegerField(default=0)),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("version", models.BigIntegerField(default=0)),
                (
                    "customer_account",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                (
                    "merchant_account",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
            ],
            options={
                "db_table": "charges",
                "constraints": [
                    models.UniqueConstraint(fields=("subject", "key"), name="charges_one_a_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "captured"), ("captured_minor__gt", 0)),
                            models.Q(models.Q(("state", "captured"), _negated=True), ("captured_minor", 0)),
                            _connector="OR",
                        ),
                        name="charges_captured_means_money",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pending",
            fields=[
                ("posting_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("amount_minor", models.BigIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="ledger.account",
                    ),
                ),
            ],
            options={
                "db_table": "pending",
                "indexes": [models.Index(fields=["account"], name="pending_account")],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("account_version", models.BigIntegerField(null=True)),
                ("balance_minor", models.BigIntegerField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="ledger.account",
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="postings", to="ledger.transaction"
                    ),
                ),
            ],
            options={
                "db_table": "postings",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor", 0), _negated=True), name="postings_amount_not_zero"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Operation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("deposit", "deposit"),
                            ("transfer", "transfer"),
                            ("charge", "charge"),
                            ("capture", "capture"),
                            ("refund", "refund"),
                            ("void", "void"),
                            ("adjustment", "adjustment"),
                        ],
                        max_length=10,
                    ),
                ),
                ("subject", models.CharField(max_length=200)),
                ("key", models.CharField(max_length=255, null=True)),
                ("payload", models.BinaryField()),
                ("status", models.SmallIntegerField()),
                ("code", models.CharField(max_length=40, null=True)),
                ("body", models.TextField()),
                ("account_id", models.CharField(max_length=64, null=True)),
                ("counter_account_id", models.CharField(max_length=64, null=True)),
                ("amount_minor", models.BigIntegerField(null=True)),
                ("charge_key", models.CharField(max_length=255, null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "transaction",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operation",
                        to="ledger.transaction",
                    ),
                ),
            ],
            options={
                "db_table": "operations",
                "constraints": [
                    models.UniqueConstraint(fields=("subject", "kind", "key"), name="operations_one_a_key")
                ],
            },
        ),
        AddGuard(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "external"), ("row_minor__gte", models.F("held_minor")), _connector="OR"),
                name="accounts_not_overdrawn",
            ),
        ),
        AddGuard(
            model_name="posting",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account_version__isnull", False)),
                fields=("account", "account_version"),
                name="postings_one_a_version",
            ),
        ),
        AddGuard(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("held_minor__gte", 0)), name="accounts_held_not_negative"
            ),
        ),
        AddGuard(
            model_name="charge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("refunded_minor__gte", 0),
                    ("refunded_minor__lte", models.F("captured_minor")),
                    models.Q(
                        ("captured_minor", 0),
                        ("captured_minor__lte", models.F("amount_minor")),
                        _connector="OR",
                    ),
                ),
                name="charges_refunded_within_captured",
            ),
        ),
    ]
