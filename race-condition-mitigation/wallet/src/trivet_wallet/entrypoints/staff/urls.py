"""Where the staff's pages are."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path

from trivet_wallet.entrypoints.documentation import describe
from trivet_wallet.entrypoints.routes import api
from trivet_wallet.entrypoints.staff.site import site

# They hang themselves on the site.
for _pages in ("pages", "adjusting"):
    importlib.import_module(f"trivet_wallet.entrypoints.staff.{_pages}")


@functools.cache
def _document() -> dict[str, Any]:
    return describe(api)


def docs(request: HttpRequest) -> HttpResponse:
    """Show the API's document; the API itself is served by another process."""
    return TemplateResponse(request, "staff/docs.html", site.each_context(request) | {"title": "API"})


def openapi(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  - Django's interface
    """Return the API's document."""
    return JsonResponse(_document())


urlpatterns = [
    path("docs/", site.admin_view(docs), name="docs"),
    path("docs/openapi.json", site.admin_view(openapi), name="openapi"),
    path("", site.urls),
]
