"""Whose tokens a service takes, and for whom they must be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trivet_chassis.errors import Unauthenticated

from .principal import ANONYMOUS, STAFF_PREFIX, Principal

SUBJECT_CHARACTERS_MAX = 128
SCOPES_MAX = 64
LEEWAY_S = 30
"""How far two machines' clocks may be apart, seconds."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a token of a good signature says: who it is for, and the seconds since 1970 between which it is valid."""

    principal: Principal
    begins_s: float
    ends_s: float


@dataclass(frozen=True, slots=True)
class Issuer:
    """The issuer whose tokens are taken, compared letter by letter, and the audience that they must name.

    Which attack: a token that somebody holds for another service, or of another issuer, is shown to this one (RFC 8725
    §3.8, §3.9). Why this guard: it names neither this service nor this issuer.
    """

    name: str
    audience: str
    leeway_s: float = LEEWAY_S

    def read(self, claims: dict[str, Any]) -> Claimed:
        """Return what the claims say, whenever they are valid.

        Raises:
            Unauthenticated: They are another issuer's or for another audience, or are no access token's.
        """
        if claims.get("iss") != self.name:
            raise Unauthenticated("the token is another issuer's")
        audience = claims.get("aud")
        if self.audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthenticated("the token is for another audience")
        begins, ends = _seconds(claims.get("nbf", 0.0), "nbf"), _seconds(claims.get("exp"), "exp")
        principal = Principal(_subject(claims.get("sub")), _scopes(claims.get("scope", "")))
        return Claimed(principal, begins - self.leeway_s, ends + self.leeway_s)


def _seconds(claim: object, name: str) -> float:
    """Return a NumericDate (RFC 7519 §2); of what is no time, None and NaN among it, nothing would ever expire."""
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim < 1 << 53:
        raise Unauthenticated(f"the token's {name} is no time")
    return float(claim)


def _subject(claim: object) -> str:
    """Return the subject; one that the services themselves use would be taken for somebody without a token."""
    if not isinstance(claim, str) or not 0 < len(claim) <= SUBJECT_CHARACTERS_MAX or not claim.isprintable():
        raise Unauthenticated(f"the token's sub is no text of 1 to {SUBJECT_CHARACTERS_MAX} printable characters")
    if claim == ANONYMOUS or claim.startswith(STAFF_PREFIX):
        raise Unauthenticated("the token's sub is one that no token can be for")
    return claim


def _scopes(claim: object) -> frozenset[str]:
    """Return the scopes, which are words with a space between them (RFC 8693 §4.2)."""
    if not isinstance(claim, str) or claim.count(" ") >= SCOPES_MAX:
        raise Unauthenticated(f"the token's scope is no text of at most {SCOPES_MAX} words")
    return frozenset(claim.split(" ")) - {""}
