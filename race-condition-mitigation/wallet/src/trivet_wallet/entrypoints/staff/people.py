"""Who may see the staff's pages, and who may adjust: users of Django, made by an operator and by no page.

Django is configured with the staff's applications.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.apps import apps
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from trivet_chassis import SettingsError

_GENERATED_BYTES = 18
ADJUST = "add_adjustment"


def _users() -> Any:
    """Return the users: their model cannot be imported before Django is configured, which this module may be."""
    return apps.get_model("auth", "User").objects


def enrol(name: str, password: str | None, *, may_adjust: bool) -> str | None:
    """Let somebody see the pages; who is there gets the new password and exactly these permissions.

    Args:
        name: Under which he logs in, and which stands beside every adjustment of his.
        password: Without one, one is made up.
        may_adjust: Whether he may move money.

    Returns:
        The password that was made up, to be shown once.

    Raises:
        SettingsError: The name or the password is refused, with the reason.
    """
    made_up = secrets.token_urlsafe(_GENERATED_BYTES) if password is None else None
    with transaction.atomic():
        user = _users().filter(username=name).first() or _users().model(username=name)
        user.is_staff, user.is_active, user.is_superuser = True, True, False
        user.set_password(password or made_up)
        try:
            user.full_clean()
            validate_password(password or str(made_up), user)
        except ValidationError as error:
            raise SettingsError([f"{name}: {message}" for message in error.messages]) from error
        user.save()
        user.user_permissions.set(_permissions(may_adjust=may_adjust))
    return made_up


def dismiss(name: str) -> bool:
    """Keep somebody out from his next request on; what he did stays. False if there is nobody of the name."""
    return bool(_users().filter(username=name).update(is_active=False, is_staff=False))


def _permissions(*, may_adjust: bool) -> Any:
    found = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="ledger")
    return found if may_adjust else found.exclude(codename=ADJUST)
