"""The one thing that staff write: an adjustment, settled like every command, and never twice from one form."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import msgspec
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from trivet_chassis import STAFF_PREFIX, ServiceError
from trivet_wallet.entrypoints.staff.pages import LinkColumns, PlainColumns, Rows
from trivet_wallet.entrypoints.staff.site import ReadOnlyPages, site
from trivet_wallet.entrypoints.telling import tell
from trivet_wallet.ledger.kinds import OperationKind
from trivet_wallet.ledger.models import Adjustment
from trivet_wallet.services import adjustments
from trivet_wallet.teller import Teller

AMOUNT_MINOR_MAX = 1_000_000_000_000
_ACCOUNT = r"^[a-z0-9][a-z0-9-]{0,63}$"


class AdjustmentForm(forms.Form):
    """What is asked of a member of staff, and the key that makes it one thing however often it is sent."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    debit_account_id = forms.RegexField(
        _ACCOUNT,
        label="Debit account",
        help_text="Whose money it is now; external-eur and its like are the world outside.",
    )
    credit_account_id = forms.RegexField(_ACCOUNT, label="Credit account", help_text="Whose money it is to be.")
    amount_minor = forms.IntegerField(
        label="Amount (minor)", min_value=1, max_value=AMOUNT_MINOR_MAX, help_text="In minor units: 4900 is 49.00 EUR."
    )
    reason = forms.CharField(
        max_length=1000,
        min_length=10,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text="Why, for whoever reads the books later: a ticket's number, and a sentence.",
    )

    def command(self, subject: str) -> adjustments.Adjustment:
        """Return the command; the form is valid."""
        told = self.cleaned_data
        return adjustments.Adjustment(
            subject=subject,
            key=str(told["key"]),
            debit_account_id=told["debit_account_id"],
            credit_account_id=told["credit_account_id"],
            amount_minor=told["amount_minor"],
            reason=told["reason"],
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an adjustment: its id if it was made, else why not."""

    adjustment_id: str | None
    sentence: str
    is_decided: bool
    """Whether its key is used up; else the same form sent again is the way to learn what happened."""


def settle(teller: Teller, command: adjustments.Adjustment) -> Told:
    """Settle it.

    Which race: a form is sent twice (a second click, a reload after a timeout), perhaps to two processes at once. Why
    this guard: the key was made with the form, so both are one operation, of which the second is told the first's
    answer. If it were lost, money would be moved as often as somebody clicks.
    """
    try:
        answer = teller.settle(command)
    except ServiceError as error:
        if not error.definite or error.code == "request-in-flight":
            sentence = f"{error.detail}. Send the same form again to learn what happened: it is done once."
            return Told(None, sentence, is_decided=False)
        if error.code == "idempotency-key-reuse":
            sentence = "This form was sent before with other values: look among the adjustments for what was done."
            return Told(None, sentence, is_decided=True)
        return Told(None, f"Not adjusted: {error.detail}.", is_decided=True)
    tell(command, answer)
    body = msgspec.json.decode(answer.body)
    if answer.status >= 400:
        return Told(None, f"Not adjusted: {body['detail']}.", is_decided=True)
    said = "was done before, and not again" if answer.replayed else "is done"
    moved = f"{body['amount_minor']:,} {body['currency']} (minor) from {body['debit_account_id']}"
    return Told(
        body["adjustment_id"], f"{moved} to {body['credit_account_id']}: the adjustment {said}.", is_decided=True
    )


def note(request: HttpRequest, adjustment_id: str) -> None:
    """Add it to the log of Django's admin, if it is not there: that log is a second place, not the record.

    The record is the operation, which is committed with the money. Who dies between the two leaves no line here, and
    sending the form again mends that.
    """
    if LogEntry.objects.filter(object_id=adjustment_id, action_flag=ADDITION).exists():
        return
    made = Adjustment.objects.filter(pk=adjustment_id)
    [adjustment] = made
    LogEntry.objects.log_actions(int(request.user.pk or 0), made, ADDITION, str(adjustment.reason), single_object=True)


@admin.register(Adjustment, site=site)
class AdjustmentPages(PlainColumns, LinkColumns, ReadOnlyPages):
    """Adjustments that were asked for, and the form that asks for one."""

    list_display = ("when", "subject", "debit", "credit", "amount", "outcome", "reason")
    list_display_links = ("when",)
    search_fields = ("subject__startswith", "account_id__startswith", "counter_account_id__startswith")
    search_help_text = "The beginning of staff:NAME, or of an account's id."
    ordering = ("-at", "id")
    fields = readonly_fields = (
        "id", "subject", "debit", "credit", "amount", "reason", "outcome", "transaction_link", "key", "when",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Rows:
        """Return the operations that are adjustments."""
        return super().get_queryset(request).filter(kind=OperationKind.ADJUSTMENT)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who was given it."""
        return bool(request.user.has_perm("ledger.add_adjustment"))

    @admin.display(description="debit account")
    def debit(self, adjustment: Any) -> str:
        """Return a link to the account that paid."""
        return self.account_link(adjustment)

    @admin.display(description="credit account")
    def credit(self, adjustment: Any) -> str:
        """Return a link to the account that was paid."""
        return self.counter_link(adjustment)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form, or settle what it says.

        Not within Django's own transaction around such views: the teller begins and ends the one that counts.
        """
        del form_url, extra_context
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            asked = {name: request.GET.get(name, "") for name in ("debit_account_id", "credit_account_id")}
            return self._show(request, AdjustmentForm(initial=asked | {"key": uuid.uuid4()}))
        form = AdjustmentForm(request.POST)
        if not form.is_valid():
            if "key" in form.errors:
                form.data = request.POST.dict() | {"key": str(uuid.uuid4())}
            return self._show(request, form, status=400)
        told = settle(teller_of(request), form.command(STAFF_PREFIX + request.user.get_username()))
        if told.adjustment_id is None:
            form.add_error(None, told.sentence)
            if told.is_decided:
                form.data = request.POST.dict() | {"key": str(uuid.uuid4())}
            return self._show(request, form, status=409)
        note(request, told.adjustment_id)
        messages.success(request, told.sentence)
        return HttpResponseRedirect(reverse("admin:ledger_adjustment_change", args=[told.adjustment_id]))

    def _show(self, request: HttpRequest, form: AdjustmentForm, status: int = 200) -> HttpResponse:
        context = site.each_context(request) | {"title": "Adjust", "form": form, "opts": self.opts}
        return TemplateResponse(request, "staff/adjust.html", context, status=status)


def teller_of(request: HttpRequest) -> Teller:
    """Return the process's teller."""
    teller: Teller = request.scope["state"]["teller"]  # type: ignore[attr-defined]  # served by ASGI alone
    return teller
