"""Access tokens: who asks, by a token that an issuer signed, and what they may do.

A token is a JWT in compact serialisation (RFC 7519) by the profile for access tokens (RFC 9068), checked as *JSON Web
Token Best Current Practices* (RFC 8725) asks: the key decides which algorithm it is for, the token never does.
"""

from .auditing import tell_movement, tell_refusal
from .fetching import fetch_document
from .gate import OPEN_PATHS, Gate, OpenGate, TokenGate, gate_of
from .granting import SECURITY_SCHEMES, ensure_granted, required_scope, requires
from .issuer import Issuer
from .keys import KeySetError, VerifyingKey, read_key_set
from .known import KnownTokens
from .middleware import AnybodyMiddleware, TokenMiddleware, current_principal
from .principal import STAFF_PREFIX, Anybody, Principal
from .publisher import Publisher
from .settings import TokenSettings
from .verifier import Verifier

__all__ = [
    "OPEN_PATHS",
    "SECURITY_SCHEMES",
    "STAFF_PREFIX",
    "Anybody",
    "AnybodyMiddleware",
    "Gate",
    "Issuer",
    "KeySetError",
    "KnownTokens",
    "OpenGate",
    "Principal",
    "Publisher",
    "TokenGate",
    "TokenMiddleware",
    "TokenSettings",
    "Verifier",
    "VerifyingKey",
    "current_principal",
    "ensure_granted",
    "fetch_document",
    "gate_of",
    "read_key_set",
    "required_scope",
    "requires",
    "tell_movement",
    "tell_refusal",
]
