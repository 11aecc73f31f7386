"""Tokens that no issuer would sign, made of one that it did."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, signature = token.split(".")
    return _decoded(header), _decoded(claims), signature


def _joined(header: dict[str, Any], claims: dict[str, Any], signature: str) -> str:
    return f"{_encoded(header)}.{_encoded(claims)}.{signature}"


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _decoded(segment: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return found


def _unsigned(token: str, victim: str) -> str:
    header, claims, _ = _parts(token)
    return _joined(header | {"alg": "none"}, claims | {"sub": victim}, "")


def _renamed(token: str, victim: str) -> str:
    header, claims, signature = _parts(token)
    return _joined(header, claims | {"sub": victim}, signature)


def _granted(token: str, victim: str) -> str:
    del victim
    header, claims, signature = _parts(token)
    return _joined(header, claims | {"scope": f"{claims['scope']} accounts.any"}, signature)


FORGERIES: Mapping[str, Callable[[str, str], str]] = {
    "forged: unsigned": _unsigned,
    "forged: another's name": _renamed,
    "forged: more scopes": _granted,
    "forged: nonsense": lambda _, victim: victim,
}
"""What is made of an impostor's own token and the name of whom it is to be taken for."""
STOLEN: Mapping[str, Mapping[str, Any]] = {
    "stolen: for another service": {"audience": "another"},
    "stolen: expired": {"lifetime_s": -60},
}
"""What an issuer signed for the victim, as it is asked for it: genuine, and good for nothing here and now."""
