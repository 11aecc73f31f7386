"""The books as staff read them: one class a table."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, F, Model, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest

from trivet_wallet.entrypoints.staff.site import ReadOnlyPages, link_to, listed, money, site
from trivet_wallet.ledger.models import Account, Charge, Operation, Pending, Posting, Transaction

Rows = QuerySet[Any, Any]


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None


class PlainColumns:
    """Columns of amounts, times and outcomes, of whatever row has them."""

    @admin.display(description="at (UTC)", ordering="at")
    def when(self, row: Any) -> str:
        """Return when it was written."""
        return f"{row.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="outcome", ordering="status")
    def outcome(self, operation: Any) -> str:
        """Return that it was done, or the code of its refusal."""
        return "done" if operation.code is None else str(operation.code)

    @admin.display(description="amount (minor)", ordering="amount_minor")
    def amount(self, row: Any) -> str:
        """Return the amount."""
        return money(row.amount_minor)

    @admin.display(description="captured", ordering="captured_minor")
    def captured(self, row: Any) -> str:
        """Return what was taken."""
        return money(row.captured_minor)

    @admin.display(description="refunded", ordering="refunded_minor")
    def refunded(self, row: Any) -> str:
        """Return what was given back."""
        return money(row.refunded_minor)

    @admin.display(description="row after (minor)")
    def row_after(self, row: Any) -> str:
        """Return what the account's row held then."""
        return money(row.balance_minor)


class LinkColumns:
    """Columns that lead to other rows, by keys that the row has itself: no list asks for each of its rows."""

    @admin.display(description="account", ordering="account_id")
    def account_link(self, row: Any) -> str:
        """Return a link to the account."""
        return link_to("account", row.account_id)

    @admin.display(description="counter")
    def counter_link(self, row: Any) -> str:
        """Return a link to the other account."""
        return link_to("account", row.counter_account_id)

    @admin.display(description="transaction")
    def transaction_link(self, row: Any) -> str:
        """Return a link to the transaction."""
        return link_to("transaction", row.transaction_id)

    @admin.display(description="customer", ordering="customer_account_id")
    def customer_link(self, row: Any) -> str:
        """Return a link to the customer's account."""
        return link_to("account", row.customer_account_id)

    @admin.display(description="merchant", ordering="merchant_account_id")
    def merchant_link(self, row: Any) -> str:
        """Return a link to the merchant's account."""
        return link_to("account", row.merchant_account_id)


@admin.register(Account, site=site)
class AccountPages(ReadOnlyPages):
    """Accounts, with the balance that the API tells: row and pending entries together, read in one statement."""

    list_display = ("id", "owner", "kind", "currency", "balance", "held", "available")
    list_filter = ("kind", "currency")
    search_fields = ("id__startswith", "owner__startswith")
    search_help_text = "The beginning of an account's id, or of its owner's name."
    ordering = ("id",)
    fields = (
        "id", "owner", "kind", "currency", "balance", "held", "available", "in_row", "in_pending", "credits", "version",
        "opened", "postings_link", "operations_link",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Rows:
        """Return the accounts, each with its balance."""
        entries = Pending.objects.filter(account_id=OuterRef("pk")).order_by().values("account_id")
        pending = Subquery(entries.annotate(sum_minor=Cast(Sum("amount_minor"), BigIntegerField())).values("sum_minor"))
        rows = super().get_queryset(request).annotate(pending_minor=Coalesce(pending, 0))
        balance = F("row_minor") + F("pending_minor")
        told: Rows = rows.annotate(balance_minor=balance, available_minor=balance - F("held_minor"))
        return told

    @admin.display(description="balance (minor)", ordering="balance_minor")
    def balance(self, account: Any) -> str:
        """Return what its postings say."""
        return money(account.balance_minor)

    @admin.display(description="held (minor)", ordering="held_minor")
    def held(self, account: Any) -> str:
        """Return what is authorised and not yet captured."""
        return money(account.held_minor)

    @admin.display(description="available (minor)", ordering="available_minor")
    def available(self, account: Any) -> str:
        """Return the balance without what is held."""
        return money(account.available_minor)

    @admin.display(description="of it in the row")
    def in_row(self, account: Any) -> str:
        """Return what is folded."""
        return money(account.row_minor)

    @admin.display(description="of it pending")
    def in_pending(self, account: Any) -> str:
        """Return what is not."""
        return money(account.pending_minor)

    @admin.display(description="credits")
    def credits(self, account: Any) -> str:
        """Return where what it receives goes first."""
        return "to pending entries" if account.hot else "to the row"

    @admin.display(description="opened (UTC)")
    def opened(self, account: Any) -> str:
        """Return when it was opened."""
        return f"{account.opened_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="postings")
    def postings_link(self, account: Any) -> str:
        """Return a link to what was posted to it."""
        return listed("posting", "What was posted to it", account__id__exact=account.pk)

    @admin.display(description="operations")
    def operations_link(self, account: Any) -> str:
        """Return a link to what was asked of it."""
        return listed("operation", "What was asked of it", account_id__exact=account.pk)


class PostingsInline(PlainColumns, LinkColumns, admin.TabularInline):  # type: ignore[type-arg]  # as every admin
    """A transaction's postings, below it."""

    model = Posting
    fields = readonly_fields = ("id", "account_link", "amount", "currency", "account_version", "row_after")
    ordering = ("id",)
    extra = 0
    can_delete = False
    verbose_name_plural = "Postings, which sum to 0"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  - Django's
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  - the same
        """Nobody."""
        return False


@admin.register(Transaction, site=site)
class TransactionPages(PlainColumns, ReadOnlyPages):
    """Movements of money, each with its postings."""

    list_display = ("id", "kind", "when", "operation_link")
    list_filter = ("kind",)
    list_select_related = ("operation",)
    search_fields = ("id",)
    search_help_text = "A transaction's whole id."
    ordering = ("-at", "id")
    fields = readonly_fields = list_display
    inlines = (PostingsInline,)

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:  # noqa: ARG002  - Django's interface
        """Return the transaction of an id."""
        wanted = _uuid(search_term)
        if not search_term:
            return queryset, False
        return (queryset.none() if wanted is None else queryset.filter(pk=wanted)), False

    @admin.display(description="operation")
    def operation_link(self, transaction: Any) -> str:
        """Return a link to what asked for it."""
        operation = getattr(transaction, "operation", None)
        return "–" if operation is None else link_to("operation", operation.pk, f"{operation.kind} {operation.key}")


@admin.register(Posting, site=site)
class PostingPages(PlainColumns, LinkColumns, ReadOnlyPages):
    """What was done to which account, newest first."""

    list_display = ("id", "account_link", "amount", "currency", "transaction_link", "account_version", "row_after")
    search_fields = ("account", "transaction")
    search_help_text = "An account's or a transaction's whole id."
    ordering = ("-id",)
    fields = readonly_fields = list_display

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:  # noqa: ARG002  - the same
        """Return the postings to an account, or those of a transaction, by whichever index has them."""
        if not search_term:
            return queryset, False
        wanted = _uuid(search_term)
        rows = queryset.filter(account_id=search_term) if wanted is None else queryset.filter(transaction_id=wanted)
        return rows, False


@admin.register(Operation, site=site)
class OperationPages(PlainColumns, LinkColumns, ReadOnlyPages):
    """What was asked for under which key, and what was answered; newest first."""

    list_display = ("key", "kind", "outcome", "account_link", "counter_link", "amount", "charge_key", "when")
    list_filter = ("kind",)
    search_fields = ("key__startswith", "charge_key__startswith")
    search_help_text = "The beginning of an operation's key, or of the key of the charge that it is about."
    ordering = ("-at", "id")
    fields = readonly_fields = (
        "id", "kind", "subject", "key", "status", "code", "account_link", "counter_link", "amount", "charge_key",
        "transaction_link", "reason", "when", "body",
    )  # fmt: skip


@admin.register(Charge, site=site)
class ChargePages(PlainColumns, LinkColumns, ReadOnlyPages):
    """Payments by their callers' keys."""

    list_display = ("key", "state", "customer_link", "merchant_link", "amount", "captured", "refunded", "currency")
    list_filter = ("state",)
    search_fields = ("key__startswith",)
    search_help_text = "The beginning of a charge's key."
    ordering = ("key", "subject")
    fields = readonly_fields = (
        "id", "subject", "key", "state", "customer_link", "merchant_link", "amount", "captured", "refunded", "currency",
        "version", "operations_link",
    )  # fmt: skip

    @admin.display(description="operations")
    def operations_link(self, charge: Any) -> str:
        """Return a link to what was asked about it."""
        return listed(
            "operation", "What was asked about it", charge_key__exact=charge.key, subject__exact=charge.subject
        )
