"""The process of an issuer: what it publishes, and the tokens that it signs.

It has the shape of OpenID Connect where services look (*OpenID Connect Discovery 1.0*, RFC 7517), and where tokens are
asked for that of OAuth's client credentials (RFC 6749 §4.4), in whose request it reads two more words: ``subject``,
whom the token is about, and ``lifetime_s``. A real issuer would ask that person; this one believes whoever has its
secret, and so belongs on one machine, to one user.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

CLIENT = "lab"
SECRET_VARIABLE = "TRIVET_ISSUER_SECRET"  # noqa: S105  - the name of a variable
TYPE = "at+jwt"
LIFETIME_S = 3600
LIFETIME_S_MAX = 7 * 24 * 3600
SUBJECTS_MAX = 500
_MAKERS: dict[str, Callable[[str], OKPKey | ECKey]] = {
    "EdDSA": lambda kid: OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig", "alg": "EdDSA"}),
    "ES256": lambda kid: ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}),
}


class Keys:
    """The keys of an issuer: the newest signs, those before it are published for as long as its tokens may live."""

    def __init__(self) -> None:
        self._keys: list[tuple[str, OKPKey | ECKey]] = []
        self.rotate("EdDSA")

    def rotate(self, algorithm: str) -> str:
        """Sign with a new key from now on, and return its id; tokens signed by others stay valid."""
        kid = secrets.token_hex(8)
        self._keys.append((algorithm, _MAKERS[algorithm](kid)))
        return kid

    def retire(self) -> None:
        """Take all keys back but the one that signs."""
        del self._keys[:-1]

    def published(self) -> dict[str, Any]:
        """Return the key set."""
        return {"keys": [key.as_dict(private=False) for _, key in self._keys]}

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a token."""
        algorithm, key = self._keys[-1]
        return jwt.encode({"alg": algorithm, "kid": key.kid, "typ": TYPE}, claims, key, [algorithm])


class _Refused(Exception):
    """What OAuth calls an error (RFC 6749 §5.2)."""

    def __init__(self, code: str, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.code = code
        self.status = status


class Issuer:
    """Answers for one issuer."""

    def __init__(self, url: str, audience: str, secret: str) -> None:
        self._url = url
        self._audience = audience
        self._secret = secret
        self._keys = Keys()

    def application(self) -> web.Application:
        """Return what is served."""
        app = web.Application(client_max_size=1 << 20, middlewares=[_told])
        app.router.add_get("/.well-known/openid-configuration", self.discovery)
        app.router.add_get("/.well-known/oauth-authorization-server", self.discovery)
        app.router.add_get("/keys", self.keys)
        app.router.add_post("/token", self.token)
        app.router.add_post("/rotate", self.rotate)
        app.router.add_post("/retire", self.retire)
        return app

    async def discovery(self, _: web.Request) -> web.Response:
        """Say where what is (*OpenID Connect Discovery 1.0* §3, RFC 8414 §2)."""
        found = {
            "issuer": self._url,
            "jwks_uri": f"{self._url}/keys",
            "token_endpoint": f"{self._url}/token",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted(_MAKERS),
        }
        return web.json_response(found)

    async def keys(self, _: web.Request) -> web.Response:
        """Publish the keys."""
        return web.json_response(self._keys.published(), headers={"cache-control": "max-age=60"})

    async def token(self, request: web.Request) -> web.Response:
        """Sign tokens: one for each ``subject`` that is named, all with the same ``scope``."""
        self._ensure_is_ours(request)
        asked = await request.post()
        if asked.get("grant_type") != "client_credentials":
            raise _Refused("unsupported_grant_type", "grant_type must be client_credentials")
        subjects = [str(each) for each in asked.getall("subject", [])]
        if not 0 < len(subjects) <= SUBJECTS_MAX:
            raise _Refused("invalid_request", f"name 1 to {SUBJECTS_MAX} subjects")
        lifetime_s = _lifetime_s(str(asked.get("lifetime_s", LIFETIME_S)))
        scope, audience = str(asked.get("scope", "")), str(asked.get("audience", self._audience))
        tokens = [self._sign(subject, scope, audience, lifetime_s) for subject in subjects]
        told = {"access_token": tokens[0], "token_type": "Bearer", "expires_in": lifetime_s, "scope": scope}
        if len(tokens) > 1:
            told["access_tokens"] = tokens
        return web.json_response(told, headers={"cache-control": "no-store"})

    async def rotate(self, request: web.Request) -> web.Response:
        """Sign with a new key from now on."""
        self._ensure_is_ours(request)
        algorithm = str((await request.post()).get("alg", "EdDSA"))
        if algorithm not in _MAKERS:
            raise _Refused("invalid_request", f"alg must be one of {', '.join(sorted(_MAKERS))}")
        return web.json_response({"kid": self._keys.rotate(algorithm)})

    async def retire(self, request: web.Request) -> web.Response:
        """Take back all keys but the one that signs."""
        self._ensure_is_ours(request)
        self._keys.retire()
        return web.json_response(self._keys.published())

    def _sign(self, subject: str, scope: str, audience: str, lifetime_s: int) -> str:
        now_s = int(time.time())
        claims = {
            "iss": self._url,
            "aud": audience,
            "sub": subject,
            "client_id": CLIENT,
            "scope": scope,
            "iat": now_s,
            "exp": now_s + lifetime_s,
            "jti": secrets.token_hex(16),
        }
        return self._keys.sign(claims)

    def _ensure_is_ours(self, request: web.Request) -> None:
        """Let in who knows the secret.

        Which attack: a page in the user's browser posts a form here, or another user of the machine does. Why this
        guard: neither knows the secret, and a browser sends none by itself.
        """
        given = request.headers.get("authorization", "")
        try:
            words = base64.b64decode(given.removeprefix("Basic "), validate=True)
        except binascii.Error:
            words = b""
        if not given.startswith("Basic ") or not hmac.compare_digest(words, f"{CLIENT}:{self._secret}".encode()):
            raise _Refused("invalid_client", "that is not the lab's secret", 401)


def _lifetime_s(words: str) -> int:
    """Return how long a token is to be valid; one below 0 has expired, for those who try whether that is noticed."""
    if not re.fullmatch(r"-?[0-9]{1,6}", words) or not abs(int(words)) <= LIFETIME_S_MAX or int(words) == 0:
        raise _Refused("invalid_request", f"lifetime_s must be a number up to {LIFETIME_S_MAX}, and not 0")
    return int(words)


@web.middleware
async def _told(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except _Refused as refused:
        body = json.dumps({"error": refused.code, "error_description": str(refused)})
        return web.Response(text=body, status=refused.status, content_type="application/json")
    return answer


async def _serve(host: str, port: int, audience: str, secret: str) -> None:
    runner = web.AppRunner(Issuer(f"http://{host}:{port}", audience, secret).application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def run(host: str, port: str, audience: str) -> None:
    """Serve until a signal ends the process."""
    try:
        asyncio.run(_serve(host, int(port), audience, os.environ.pop(SECRET_VARIABLE)))
    except KeyboardInterrupt:
        pass
    except OSError as error:
        sys.exit(f"issuer: {error}")


if __name__ == "__main__":
    run(*sys.argv[1:])
