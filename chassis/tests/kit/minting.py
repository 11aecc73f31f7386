"""Makes tokens as an issuer would, and as it never would."""

from __future__ import annotations

import base64
import json
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

ISSUER, AUDIENCE = "https://issuer.test", "trivet"
NOW_S = 1_800_000_000
ED = OKPKey.generate_key("Ed25519", {"kid": "ed", "alg": "EdDSA", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "alg": "ES256", "use": "sig"})
STRANGER = OKPKey.generate_key("Ed25519", {"kid": "ed"})
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "alice",
    "scope": "items.buy accounts.read",
    "iat": NOW_S,
    "exp": NOW_S + 300,
}


def key_set(*keys: OKPKey | ECKey) -> bytes:
    """Return what an issuer of these keys publishes."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def mint(
    changed: dict[str, Any] | None = None,
    *,
    key: OKPKey | ECKey = ED,
    header: dict[str, Any] | None = None,
) -> bytes:
    """Return a token that is right but for what was changed; None leaves a claim or a header out."""
    claims = {name: value for name, value in (CLAIMS | (changed or {})).items() if value is not None}
    own = {"alg": "ES256" if isinstance(key, ECKey) else "EdDSA", "kid": key.kid, "typ": "at+jwt"} | (header or {})
    return sign({name: value for name, value in own.items() if value is not None}, json.dumps(claims).encode(), key)


def sign(header: dict[str, Any], payload: bytes, key: OKPKey | ECKey) -> bytes:
    """Sign whatever it is by the key's algorithm, whichever the header names; ``none`` signs nothing."""
    segments = encoded(json.dumps(header).encode()) + b"." + encoded(payload)
    if str(header.get("alg")).lower() == "none":
        return segments + b"."
    algorithm = jws.JWSRegistry.algorithms["ES256" if isinstance(key, ECKey) else "EdDSA"]
    return segments + b"." + encoded(algorithm.sign(segments, key))


def encoded(raw: bytes) -> bytes:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
