"""The keys that an issuer publishes: a JSON Web Key Set (RFC 7517), read with distrust."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

KEYS_MAX = 32
KID_CHARACTERS_MAX = 128
_ED25519 = frozenset({"EdDSA", "Ed25519"})
_ES256 = frozenset({"ES256"})


class KeySetError(ValueError):
    """A document is no key set; the text says why."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key and the one algorithm that its signatures are checked by, which may have two names (RFC 9864).

    Which attack: a token that says it was signed by another algorithm than the key's, so that a public key is taken for
    the secret of an HMAC (RFC 8725 §2.1). Why this guard: what a key is for is settled when it is read.
    """

    kid: str
    algorithms: frozenset[str]
    key: OKPKey | ECKey


def read_key_set(document: bytes) -> Mapping[str, VerifyingKey]:
    """Return the keys that verify signatures, by their ``kid``.

    Others are passed over: private and symmetric ones, those for encryption or of other curves, and those whose ``kid``
    is missing or is another's too, since nobody could say which one a token means.

    Raises:
        KeySetError: It is no key set. An empty one is: then no token is valid.
    """
    try:
        found = msgspec.json.decode(document, type=dict[str, Any]).get("keys")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise KeySetError(f"it is no JSON object: {error}") from error
    if not isinstance(found, list):
        raise KeySetError("it has no list of keys")
    if len(found) > KEYS_MAX:
        raise KeySetError(f"it has {len(found)} keys, more than {KEYS_MAX}")
    return {key.kid: key for key in _unambiguous(found) if key is not None}


def _unambiguous(found: list[object]) -> Iterable[VerifyingKey | None]:
    entries = [entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("kid"), str)]
    count = Counter(entry["kid"] for entry in entries)
    return [_key(entry) for entry in entries if count[entry["kid"]] == 1]


def _key(entry: dict[str, Any]) -> VerifyingKey | None:
    kid = entry["kid"]
    if not 0 < len(kid) <= KID_CHARACTERS_MAX or "d" in entry or entry.get("use", "sig") != "sig":
        return None
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        match entry.get("kty"), entry.get("crv"), entry.get("alg"):
            case "OKP", "Ed25519", None | "EdDSA" | "Ed25519":
                return VerifyingKey(kid, _ED25519, OKPKey.import_key(_public(entry, "x")))
            case "EC", "P-256", None | "ES256":
                return VerifyingKey(kid, _ES256, ECKey.import_key(_public(entry, "x", "y")))
    except (JoseError, ValueError, TypeError):
        return None
    return None


def _public(entry: dict[str, Any], *coordinates: str) -> dict[str, str | list[str]]:
    return {name: entry.get(name, "") for name in ("kty", "crv", *coordinates)}
