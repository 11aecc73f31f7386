"""Tells the audit log whom the staff's pages turned away: who could not log in, and who may not do what they asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from trivet_chassis import STAFF_PREFIX, Principal, tell_refusal


def told(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware that tells of each 403: a permission that is missing, or a form from elsewhere."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 403:
            user = request.user if hasattr(request, "user") else None
            _tell(
                request, user.get_username() if user is not None and user.is_authenticated else None, 403, "forbidden"
            )
        return response

    return respond


class LoginForm(AdminAuthenticationForm):
    """The form to log in with, which tells of each time that nobody is let in."""

    def clean(self) -> dict[str, Any]:
        """Return what was filled in.

        Raises:
            ValidationError: Nobody is let in by that.
        """
        try:
            return super().clean()
        except ValidationError:
            if self.request is not None:
                _tell(self.request, _known(self.cleaned_data.get("username")), 401, "unauthenticated")
            raise


def _known(name: str | None) -> str | None:
    """Return a name that is somebody's: what else stands in its field may be a password."""
    return name if apps.get_model("auth", "User").objects.filter(username=name).exists() else None


def _tell(request: HttpRequest, name: str | None, status: int, code: str) -> None:
    principal = None if name is None else Principal(STAFF_PREFIX + name)
    tell_refusal(request.scope, principal, status, code)  # type: ignore[attr-defined]  # served by ASGI alone
