"""What a principal may do: a scope for each operation, asked for where the operation is served."""

from __future__ import annotations

from typing import Any

from trivet_chassis.errors import Forbidden

from .principal import Principal

SCHEME = "accessToken"
SECURITY_SCHEMES: dict[str, Any] = {
    SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token (RFC 9068) of the issuer that the service is set up with.",
    }
}
"""The document's ``#/components/securitySchemes``, to which ``requires`` refers."""


def requires(scope: str) -> dict[str, Any]:
    """Return what an operation's documentation says of the scope that it needs."""
    return {"security": [{SCHEME: [scope]}]}


def required_scope(operation: dict[str, Any]) -> str:
    """Return the scope that an operation's documentation says it needs.

    Raises:
        ValueError: It says none: nobody thought of who may do it.
    """
    match operation.get("security"):
        case [{"accessToken": [str(scope)]}]:
            return scope
    raise ValueError("an operation without a scope is one that nobody may do")


def ensure_granted(principal: Principal, scope: str) -> None:
    """Return if a scope was granted.

    Raises:
        Forbidden: It was not (RFC 6750 §3.1).
    """
    if not principal.may(scope):
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        raise Forbidden(f"the access token does not grant {scope}", headers={"www-authenticate": challenge})
