"""What stands before a service's routes: who is let in, and what the service says of it at ``/readyz``."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from starlette.types import ASGIApp

from trivet_chassis.health import Check
from trivet_chassis.server import host_and_port
from trivet_chassis.settings import SettingsError

from .fetching import fetch_document, is_loopback, is_trustworthy
from .issuer import Issuer
from .middleware import AnybodyMiddleware, TokenMiddleware
from .publisher import Publisher
from .settings import TokenSettings
from .verifier import TYPES, Verifier

OPEN_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
"""What everybody may ask, and the edge never routes."""


class Gate(Protocol):
    """Stands before an application."""

    @property
    def checks(self) -> Mapping[str, Check]:
        """What it needs to let anybody in, for ``/readyz``."""
        ...

    @property
    def concerns(self) -> Mapping[str, Check]:
        """What is wrong with it and keeps nobody out yet, for ``/readyz``."""
        ...

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return the application behind the gate."""
        ...

    def background(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what runs for as long as anything is served."""
        ...


class TokenGate:
    """Lets in who shows a token of one issuer."""

    def __init__(self, issuer: Issuer, publisher: Publisher, types: frozenset[str] = TYPES) -> None:
        self._publisher = publisher
        self._verifier = Verifier(issuer, publisher, types=types)
        self.checks: Mapping[str, Check] = {"tokens": publisher.blocker}
        self.concerns: Mapping[str, Check] = {"tokens": publisher.concern}

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return the application behind the gate."""
        return TokenMiddleware(app, self._verifier, OPEN_PATHS)

    def background(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what keeps the issuer's keys fresh."""
        return [self._publisher.keep_fresh()]


@dataclass(frozen=True)
class OpenGate:
    """Lets everybody in, to do everything; only for a service that nobody but this machine can reach."""

    checks: Mapping[str, Check]
    concerns: Mapping[str, Check]

    def before(self, app: ASGIApp) -> ASGIApp:
        """Return the application, which takes everybody for the same."""
        return AnybodyMiddleware(app)

    def background(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Return nothing."""
        return []


def gate_of(settings: TokenSettings, member: str, listen: str) -> Gate:
    """Return the gate that the settings ask for.

    Raises:
        SettingsError: They name no issuer's keys and yet listen to other machines, or name them by half, or keys that
            somebody on the way could change.
    """
    prefix = f"TRIVET_{member.upper()}"
    if settings.jwks_url is None:
        if not is_loopback(host_and_port(listen)[0]):
            raise SettingsError(
                [f"{prefix}_JWKS_URL is not set: without it everybody may do everything, so only loopback is served"]
            )
        return OpenGate({}, {})
    faults = []
    if not is_trustworthy(settings.jwks_url):
        faults.append(f"{prefix}_JWKS_URL must begin with https://, or name this machine")
    if settings.token_issuer is None:
        faults.append(f"{prefix}_TOKEN_ISSUER is not set: it is needed with {prefix}_JWKS_URL")
    if faults or settings.token_issuer is None:
        raise SettingsError(faults)
    types = TYPES if settings.token_type == "at+jwt" else frozenset({"jwt"})  # noqa: S105  - no secret
    issuer = Issuer(settings.token_issuer, settings.token_audience)
    return TokenGate(issuer, Publisher(partial(fetch_document, settings.jwks_url)), types)
