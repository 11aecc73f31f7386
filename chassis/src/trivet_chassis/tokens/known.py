"""Tokens that were verified already, so that one is not verified again for each request."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from .issuer import Claimed

TOKENS_MAX = 10_000


class KnownTokens:
    """What verified tokens said, by the digest of the whole token; the one looked at longest ago goes first.

    A token is kept as its SHA-256 alone, so that no dump of the process holds one, and times of look-ups say nothing of
    it. Only what was verified is kept: forged tokens put nobody out. Whoever looks checks the times anew, and ``clear``
    forgets all when a key was taken back.
    """

    def __init__(self, tokens_max: int = TOKENS_MAX) -> None:
        self._tokens_max = tokens_max
        self._known: OrderedDict[bytes, Claimed] = OrderedDict()

    def get(self, token: bytes) -> Claimed | None:
        """Return what a token said when it was verified, None if it was not."""
        digest = hashlib.sha256(token).digest()
        claimed = self._known.get(digest)
        if claimed is not None:
            self._known.move_to_end(digest)
        return claimed

    def keep(self, token: bytes, claimed: Claimed) -> None:
        """Keep what a verified token says."""
        self._known[hashlib.sha256(token).digest()] = claimed
        if len(self._known) > self._tokens_max:
            self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()
