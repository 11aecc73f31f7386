"""Verifies a token: its form, its signature by a published key, and what it claims."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning

from trivet_chassis.errors import Unauthenticated

from .issuer import Claimed, Issuer
from .keys import VerifyingKey
from .known import KnownTokens
from .principal import Principal

# EdDSA by that name stands for two algorithms (RFC 9864); here the key says that it is Ed25519.
warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
TOKEN_BYTES_MAX = 8192
TYPES = frozenset({"at+jwt", "application/at+jwt"})
"""How an access token names itself (RFC 9068 §2.1); an ID token, which is for its holder to read, does not."""
_COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER = frozenset({"alg", "kid", "typ"})


class Keys(Protocol):
    """Where the keys of an issuer come from."""

    @property
    def known(self) -> Mapping[str, VerifyingKey]:
        """The keys that are known now, by their ``kid``; another mapping once they are others."""
        ...

    async def find(self, kid: str) -> VerifyingKey | None:
        """Return a key, asking the issuer once more if it is not known.

        Raises:
            Unavailable: The issuer does not answer, so nobody can say whether there is such a key; definite.
        """
        ...


class Verifier:
    """Says who asks. Each verified token is remembered for as long as it is valid and its issuer's keys stay the same.

    A key that its issuer takes back ends all that was remembered: a token is refused at the latest when the keys are
    asked for next. A single token cannot be taken back; it ends with its ``exp``.
    """

    def __init__(
        self,
        issuer: Issuer,
        keys: Keys,
        known: KnownTokens | None = None,
        *,
        types: frozenset[str] = TYPES,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Prepare it; ``now`` are seconds since 1970, ``types`` the ``typ`` that a token may have, in lower case."""
        self._issuer = issuer
        self._keys = keys
        self._known = known or KnownTokens()
        self._types = types
        self._now = now
        self._keys_of_known = keys.known

    def remembered(self, token: bytes) -> Principal | None:
        """Return who holds a token that was verified before, None if it must be verified (again)."""
        if self._keys_of_known is not self._keys.known:
            self._known.clear()
            self._keys_of_known = self._keys.known
            return None
        claimed = self._known.get(token)
        return None if claimed is None else self._in_time(claimed)

    async def verify(self, token: bytes) -> Principal:
        """Return who holds a token.

        Raises:
            Unauthenticated: It is no token of this issuer for this audience, or not now.
            Unavailable: The key that it names is not known, and the issuer cannot be asked; definite.
        """
        principal = self.remembered(token)
        if principal is not None:
            return principal
        signed = _read(token)
        kid, algorithm = self._named(signed.headers())
        key = await self._keys.find(kid)
        if key is None or algorithm not in key.algorithms or not _is_signed_by(signed, key):
            raise Unauthenticated("the token is signed by no key of its issuer")
        claimed = self._issuer.read(_claims(signed.payload))
        principal = self._in_time(claimed)
        if self._keys_of_known is self._keys.known:
            self._known.keep(token, claimed)
        return principal

    def _named(self, header: Mapping[str, Any]) -> tuple[str, str]:
        """Return the key that a token names and the algorithm that it says; what may be in a header is a short list.

        Which attack: a header that carries or points to a key of the attacker's (``jwk``, ``jku``, ``x5u``), asks for
        an extension (``crit``), or nests another token (``cty``). Why this guard: nothing is read that is not needed.
        """
        kid, algorithm, type_ = header.get("kid"), header.get("alg"), header.get("typ")
        if not header.keys() <= _HEADER or not isinstance(kid, str) or not isinstance(algorithm, str):
            raise Unauthenticated("the token's header has to name an alg, a kid and a typ, and nothing else")
        if not isinstance(type_, str) or type_.lower() not in self._types:
            raise Unauthenticated("the token is no access token")
        return kid, algorithm

    def _in_time(self, claimed: Claimed) -> Principal:
        now_s = self._now()
        if now_s < claimed.begins_s:
            raise Unauthenticated("the token is not valid yet")
        if now_s >= claimed.ends_s:
            raise Unauthenticated("the token has expired")
        return claimed.principal


def _read(token: bytes) -> jws.CompactSignature:
    """Take a token apart, of which nothing is believed yet."""
    if len(token) > TOKEN_BYTES_MAX:
        raise Unauthenticated(f"the token is longer than {TOKEN_BYTES_MAX} bytes")
    if not _COMPACT.fullmatch(token):
        raise Unauthenticated("that is no signed token")
    try:
        signed = jws.extract_compact(token)
        if isinstance(signed.protected, dict):
            return signed
    except (JoseError, ValueError, RecursionError) as error:
        raise Unauthenticated("the token cannot be read") from error
    raise Unauthenticated("the token's header is no object")


def _is_signed_by(signed: jws.CompactSignature, key: VerifyingKey) -> bool:
    try:
        return jws.validate_compact(signed, key.key, key.algorithms)
    except (JoseError, ValueError):
        return False


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unauthenticated("the token's claims are no object") from error
