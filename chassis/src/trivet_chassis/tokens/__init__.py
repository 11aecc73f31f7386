"""Access tokens: who asks, by a token that an issuer signed, and what they may do.

A token is a JWT in compact serialisation (RFC 7519) by the profile for access tokens (RFC 9068), checked as *JSON Web
Token Best Current Practices* (RFC 8725) asks: the key decides which algorithm it is for, the token never does.
"""

from .fetching import fetch_document
from .issuer import Issuer
from .keys import KeySetError, VerifyingKey, read_key_set
from .known import KnownTokens
from .middleware import TokenMiddleware, current_principal
from .principal import Principal
from .publisher import Publisher
from .verifier import Verifier

__all__ = [
    "Issuer",
    "KeySetError",
    "KnownTokens",
    "Principal",
    "Publisher",
    "TokenMiddleware",
    "Verifier",
    "VerifyingKey",
    "current_principal",
    "fetch_document",
    "read_key_set",
]
