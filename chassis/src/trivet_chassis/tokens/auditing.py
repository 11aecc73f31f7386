"""The audit log: who moved what, and who was refused what. A line names its trace, and never a token."""

from __future__ import annotations

from starlette.types import Scope

from trivet_chassis.logs import tell_line
from trivet_chassis.trace import current_trace_id

from .principal import Principal


def tell_movement(subject: str, operation: str, key: str | None, status: int | None, **facts: object) -> None:
    """Tell that a movement of money or goods was decided; ``facts`` say what of how much.

    Without a status nobody knows whether it was: the same key tells, once it is shown again.
    """
    told = {"subject": subject, "operation": operation, "key": key, "status": status, **facts}
    tell_line("moved", "info", current_trace_id(), told)


def tell_refusal(scope: Scope, principal: Principal | None, status: int, code: str) -> None:
    """Tell that somebody was not let in, or may not do what they asked for."""
    route = getattr(scope.get("route"), "path", None)
    path = scope["path"] if route is None else route
    told = {
        "subject": None if principal is None else principal.subject,
        "method": scope["method"],
        "path": path[:200],
        "status": status,
        "code": code,
        "client": (scope.get("client") or ("",))[0],
    }
    tell_line("refused", "warning", current_trace_id(), told)
