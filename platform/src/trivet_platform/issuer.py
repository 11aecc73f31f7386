"""An issuer of access tokens: small, and OpenID-shaped where a service looks."""

from __future__ import annotations

import base64
import json
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any

from trivet_platform.errors import PlatformError
from trivet_platform.part import Site
from trivet_platform.probe import http_blocker
from trivet_platform.process import Process
from trivet_platform.server import HOST, ServerPart

CLIENT = "lab"
AUDIENCE = "trivet"
SECRET_VARIABLE = "TRIVET_ISSUER_SECRET"  # noqa: S105  - the name of a variable
SUBJECTS_AT_ONCE = 500
LIFETIME_S = 3600
_PATIENCE_S = 10
# A proxy that a person's shell names is for the world outside; an issuer is on their own machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class IssuerFailed(PlatformError):
    """An issuer gave no token, or did not do what it was told."""


def ask_issuer(url: str, secret: str, verb: str, words: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Ask an issuer for something that only its lab may ask for, and return its answer.

    Raises:
        IssuerFailed: It refused, or did not answer.
    """
    basic = base64.b64encode(f"{CLIENT}:{secret}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310  - the issuer's own address
        f"{url}/{verb}", urllib.parse.urlencode(words).encode(), {"authorization": f"Basic {basic}"}
    )
    try:
        with _DIRECT.open(request, timeout=_PATIENCE_S) as answer:
            told: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        raise IssuerFailed(f"{verb}: {error.read().decode(errors='replace')}") from error
    except (OSError, ValueError) as error:
        raise IssuerFailed(f"{verb}: {error}") from error
    return told


class Issuer(ServerPart):
    """An issuer on loopback, whose tokens name ``audience``. A restart forgets its keys: no token outlives it.

    Its secret is made anew for each and handed over in the process's environment, which this user alone may read: it
    stands in no command line and in no file but platform.json, as an endpoint.
    """

    def __init__(self, name: str = "issuer", audience: str = AUDIENCE, port: int | None = None) -> None:
        super().__init__(name, port)
        self.audience = audience
        self._secret = secrets.token_urlsafe(32)

    @property
    def url(self) -> str:
        """Its address, which is its name in ``iss`` too."""
        return f"http://{HOST}:{self.port}"

    @property
    def jwks_url(self) -> str:
        """Where its keys are published."""
        return f"{self.url}/keys"

    @property
    def endpoints(self) -> dict[str, str]:
        """Its address, its keys', and the secret for who asks for tokens."""
        return {"url": self.url, "jwks_url": self.jwks_url, "secret": self._secret}

    def spawn(self, site: Site) -> Process:
        """Spawn it on ``self.port``."""
        command = [sys.executable, "-m", "trivet_platform.issuing", HOST, str(self.port), self.audience]
        return site.spawn(command, {SECRET_VARIABLE: self._secret} | self.environment(site.directory))

    def probe(self) -> str | None:
        """Return None when it publishes its keys."""
        return http_blocker(self.jwks_url)

    def token(self, subject: str, scope: str = "", lifetime_s: int = LIFETIME_S, audience: str | None = None) -> str:
        """Return a token about somebody.

        Raises:
            IssuerFailed: It gave none.
        """
        [token] = self.tokens([subject], scope, lifetime_s, audience)
        return token

    def tokens(
        self, subjects: Sequence[str], scope: str = "", lifetime_s: int = LIFETIME_S, audience: str | None = None
    ) -> list[str]:
        """Return a token about each of these, in their order; all have the same scopes.

        Raises:
            IssuerFailed: It did not give all of them.
        """
        given: list[str] = []
        for first in range(0, len(subjects), SUBJECTS_AT_ONCE):
            some = subjects[first : first + SUBJECTS_AT_ONCE]
            words = [("grant_type", "client_credentials"), ("scope", scope), ("lifetime_s", str(lifetime_s))]
            words += [("subject", subject) for subject in some]
            words += [] if audience is None else [("audience", audience)]
            told = ask_issuer(self.url, self._secret, "token", words)
            given += told.get("access_tokens", [told["access_token"]])
        return given

    def rotate(self, algorithm: str = "EdDSA") -> str:
        """Let it sign with a new key, of ``EdDSA`` or ``ES256``, and return the key's id; older tokens stay valid."""
        return str(ask_issuer(self.url, self._secret, "rotate", [("alg", algorithm)])["kid"])

    def retire(self) -> None:
        """Let it take back all keys but the one that signs: whatever they signed ends when services ask again."""
        ask_issuer(self.url, self._secret, "retire", [])
