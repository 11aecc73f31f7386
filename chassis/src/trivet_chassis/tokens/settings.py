"""What a service is told of its callers' tokens: the settings that every member has."""

from __future__ import annotations

from dataclasses import dataclass

from trivet_chassis.settings import setting

AUDIENCE = "trivet"


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """The settings of access tokens; a member's own settings inherit them."""

    jwks_url: str | None = setting(
        "Where the issuer of access tokens publishes its keys, https; without it everybody may do everything, so that "
        "only this machine is listened to.",
        default=None,
    )
    token_issuer: str | None = setting(
        "The issuer as access tokens name it in iss, letter by letter; needed with a JWKS URL.", default=None
    )
    token_audience: str = setting("Whom access tokens must be for, one of their aud.", default=AUDIENCE)
    token_type: str = setting(
        "What access tokens must say in typ. JWT takes those of issuers that know no other, and with them ID tokens "
        "that are for this audience.",
        default="at+jwt",
        choices=("at+jwt", "JWT"),
    )
