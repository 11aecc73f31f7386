"""Who asks, and what they were granted."""

from __future__ import annotations

from dataclasses import dataclass

ANONYMOUS = "anonymous"
"""Everybody's name, where no tokens are asked for."""
STAFF_PREFIX = "staff:"
"""What stands before the name of who works on pages of ours."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The subject of a verified token, and the scopes that it was granted.

    Idempotency keys, accounts and purchases belong to a ``subject``: it is the name that the issuer gives somebody for
    good, at most 128 characters, never what they call themselves.
    """

    subject: str
    scopes: frozenset[str] = frozenset()

    def may(self, scope: str) -> bool:
        """Whether a scope was granted; scopes are compared whole, none implies another."""
        return scope in self.scopes


@dataclass(frozen=True, slots=True)
class Anybody(Principal):
    """Whoever asks a service that asks nobody who they are: may do everything."""

    subject: str = ANONYMOUS

    def may(self, scope: str) -> bool:  # noqa: ARG002  - a principal's interface
        """Everything was granted."""
        return True
