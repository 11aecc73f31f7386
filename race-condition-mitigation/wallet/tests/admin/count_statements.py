"""Counts the statements of each list, with one row a page and with all of them, in a process whose Django counts."""

from __future__ import annotations

import sys

from django.db import connection, reset_queries
from django.test import Client

from trivet_wallet import bootstrap
from trivet_wallet.entrypoints.staff import configuration
from trivet_wallet.settings import settings_from_environment


def main() -> None:
    settings = settings_from_environment()
    more = {"DEBUG": True, "ALLOWED_HOSTS": ["*"], "DEBUG_PROPAGATE_EXCEPTIONS": True}
    bootstrap.build(settings, **(configuration.pages(settings) | more))

    from django.contrib.auth.models import User  # noqa: PLC0415  - a model, once Django is configured

    from trivet_wallet.entrypoints.staff.site import ReadOnlyPages, site  # noqa: PLC0415  - the same

    client = Client()
    client.force_login(User.objects.get(username="reader"))

    def statements(table: str, rows: int, there: int) -> int:
        ReadOnlyPages.list_per_page = rows
        reset_queries()
        page = client.get(f"/ledger/{table}/")
        assert page.status_code == 200, page.content
        shown = page.content.count(b'<th class="field-')
        assert shown == min(rows, there), (table, rows, shown)
        return len(connection.queries)

    request = client.get("/").wsgi_request
    for table in sys.argv[1:]:
        pages = next(pages for model, pages in site._registry.items() if model._meta.model_name == table)
        there = pages.get_queryset(request).count()
        sys.stdout.write(f"{table} {there} {statements(table, 1, there)} {statements(table, 200, there)}\n")


if __name__ == "__main__":
    main()
