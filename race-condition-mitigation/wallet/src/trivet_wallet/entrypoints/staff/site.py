"""The site that the pages hang on, and what all of them have in common: they are there to be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html

from trivet_wallet.entrypoints.staff.refusing import LoginForm

COUNTED_MAX = 10_000
"""How many rows a list counts and pages through; who looks for more has to search."""


class StaffSite(admin.AdminSite):
    """Django's admin, under the wallet's name."""

    site_title = "Trivet wallet"
    site_header = "Trivet wallet"
    index_title = "The books"
    site_url = None
    login_form = LoginForm
    enable_nav_sidebar = True
    empty_value_display = "–"


site = StaffSite(name="admin")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # Django has no generic paginators when it runs
    """Counts up to ``COUNTED_MAX``: a ledger is never counted through to show its first page."""

    @cached_property
    def count(self) -> int:
        """How many there are, or so many that it does not matter."""
        return int(self.object_list.order_by()[:COUNTED_MAX].count())  # type: ignore[attr-defined]  # an admin's is a query


class ReadOnlyPages(admin.ModelAdmin):  # type: ignore[type-arg]  # Django has no generic admins when it runs
    """A table to look at: nobody adds, changes or deletes a row, a superuser neither."""

    actions = None
    list_per_page = 50
    list_max_show_all = 200
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  - Django's interface
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  - the same
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002  - the same
        """Nobody."""
        return False


def money(amount_minor: int | None) -> str:
    """Return an amount as it is read: in minor units, in groups of three."""
    return "–" if amount_minor is None else f"{amount_minor:,}".replace("-", "\N{MINUS SIGN}")


def link_to(model: str, key: Any, text: str | None = None) -> str:
    """Return a link to a row's page, or a dash."""
    if key is None:
        return "–"
    return format_html('<a href="{}">{}</a>', reverse(f"admin:ledger_{model}_change", args=[key]), text or key)


def listed(model: str, text: str, **which: str) -> str:
    """Return a link to a list of those rows."""
    return format_html('<a href="{}">{}</a>', reverse(f"admin:ledger_{model}_changelist", query=which), text)
