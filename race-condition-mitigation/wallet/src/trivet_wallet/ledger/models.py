"""The books: accounts, and the balanced transactions of postings that move money between them.

Money is integer minor units. A posting is signed: what an account receives is above 0. Transactions, postings and
operations are append-only, and the postings of one transaction arrive in one statement and sum to 0; triggers of the
database enforce both (``sql/make_append_only.sql``).

A *hot* account (a merchant's, the world outside) is credited by a row in ``pending`` instead of a change of its own
row: ten thousand customers who pay one merchant insert ten thousand rows and wait for nobody. A background fold adds
them to the row. The balance is row and pending entries together, read in one statement.
"""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from trivet_wallet.ledger.kinds import AccountKind, ChargeState, OperationKind, TransactionKind


def _words(kinds: type[StrEnum]) -> list[tuple[str, str]]:
    return [(kind.value, kind.value) for kind in kinds]


class Account(models.Model):
    """One owner's money in one currency.

    ``row_minor`` is what is folded into the row; the balance is that and the account's pending entries. ``held_minor``
    is authorised and not yet captured. ``version`` grows by one with each change of the row.
    """

    objects: ClassVar[models.Manager[Account]] = models.Manager()

    id = models.CharField(primary_key=True, max_length=64)
    owner = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=_words(AccountKind))
    currency = models.CharField(max_length=3)
    hot = models.BooleanField(default=False)
    row_minor = models.BigIntegerField(default=0)
    held_minor = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "accounts"
        default_permissions = ("view",)
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["owner"], name="accounts_owner")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["id", "currency"], name="accounts_id_currency"),
            models.CheckConstraint(condition=Q(held_minor__gte=0), name="accounts_held_not_negative"),
            models.CheckConstraint(
                condition=Q(kind=AccountKind.EXTERNAL.value) | Q(row_minor__gte=F("held_minor")),
                name="accounts_not_overdrawn",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Transaction(models.Model):
    """One movement of money: at least two postings that sum to 0 in each currency."""

    objects: ClassVar[models.Manager[Transaction]] = models.Manager()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=10, choices=_words(TransactionKind))
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "transactions"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Posting(models.Model):
    """What one transaction did to one account; ``balance_minor`` is what the account's row holds after it.

    ``account_version`` is the version of the account's row that holds it, which orders a statement exactly; null where
    the row was left alone and the entry is, or was, pending. That no two postings of an account have one version is the
    last guard against a lost update: of two who post what they read in one row, the second cannot commit.
    """

    objects: ClassVar[models.Manager[Posting]] = models.Manager()

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="postings", db_index=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="postings", db_index=False, db_constraint=False)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    account_version = models.BigIntegerField(null=True)
    balance_minor = models.BigIntegerField(null=True)

    class Meta:
        db_table = "postings"
        default_permissions = ("view",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="postings_amount_not_zero"),
            models.UniqueConstraint(
                fields=["account", "account_version"],
                condition=Q(account_version__isnull=False),
                name="postings_one_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor:+d} {self.currency}"


class Pending(models.Model):
    """A posting to a hot account that its row does not hold yet; the fold removes it as it adds it."""

    objects: ClassVar[models.Manager[Pending]] = models.Manager()

    posting_id = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, db_index=False, db_constraint=False)
    amount_minor = models.BigIntegerField()

    class Meta:
        db_table = "pending"
        default_permissions = ("view",)
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["account"], name="pending_account")]

    def __str__(self) -> str:
        return f"{self.amount_minor:+d}"


class Operation(models.Model):
    """What a caller asked for and how it was decided, once for each (subject, kind, key) and for good.

    ``body`` is the answer to the last byte; a decline is an operation too. A request that decided nothing (busy,
    unavailable, malformed) leaves none. ``reason`` is why a member of staff adjusted; nobody else is asked.
    """

    objects: ClassVar[models.Manager[Operation]] = models.Manager()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=10, choices=_words(OperationKind))
    subject = models.CharField(max_length=200)
    key = models.CharField(max_length=255, null=True)
    payload = models.BinaryField()
    status = models.SmallIntegerField()
    code = models.CharField(max_length=40, null=True)
    body = models.TextField()
    account_id = models.CharField(max_length=64, null=True)
    counter_account_id = models.CharField(max_length=64, null=True)
    amount_minor = models.BigIntegerField(null=True)
    charge_key = models.CharField(max_length=255, null=True)
    transaction = models.OneToOneField(Transaction, models.PROTECT, null=True, related_name="operation")
    reason = models.TextField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "operations"
        default_permissions = ("view",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["subject", "kind", "key"], name="operations_one_a_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Adjustment(Operation):
    """An operation by which staff move money; what it takes is the permission to add one."""

    objects: ClassVar[models.Manager[Adjustment]] = models.Manager()

    class Meta:
        proxy = True
        default_permissions = ("add", "view")


class Charge(models.Model):
    """A payment by its caller's key, from authorisation to refund.

    One that was voided before it arrived is a tombstone: a row without accounts and amount, which refuses it.
    """

    objects: ClassVar[models.Manager[Charge]] = models.Manager()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    subject = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    customer_account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+", db_index=False)
    merchant_account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+", db_index=False)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, null=True)
    state = models.CharField(max_length=10, choices=_words(ChargeState))
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "charges"
        default_permissions = ("view",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["subject", "key"], name="charges_one_a_key"),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0)
                & Q(refunded_minor__lte=F("captured_minor"))
                & (Q(captured_minor=0) | Q(captured_minor__lte=F("amount_minor"))),
                name="charges_refunded_within_captured",
            ),
            models.CheckConstraint(
                condition=(Q(state=ChargeState.CAPTURED.value) & Q(captured_minor__gt=0))
                | (~Q(state=ChargeState.CAPTURED.value) & Q(captured_minor=0)),
                name="charges_captured_means_money",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.key}"
