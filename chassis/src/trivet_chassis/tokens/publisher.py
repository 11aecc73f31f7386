"""The keys of an issuer as they are published, kept through an outage and renewed when they change."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import structlog

from trivet_chassis.errors import Unavailable

from .freshness import Freshness
from .keys import KeySetError, VerifyingKey, read_key_set

_log = structlog.get_logger("trivet.tokens")
_NONE: Mapping[str, VerifyingKey] = MappingProxyType({})
Fetch = Callable[[], Awaitable[bytes]]
"""Asks for the key set once; raises OSError, TimeoutError or KeySetError."""


class Publisher:
    """An issuer's key set: asked for at the start, every few minutes, and when a token names a key that is not known.

    Which race: a hundred requests find at once that a key is not known, or the issuer is slow. Why this guard: they
    wait for one question together, and the next is asked only a while after it. If the issuer does not answer, the keys
    that are known stay, for a day: an outage of the issuer is not one of every service. ``blocker`` and ``concern`` say
    so at ``/readyz``.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare it; nothing is asked yet."""
        self._fetch = fetch
        self._clock = clock
        self._jitter = jitter
        self._keys = _NONE
        self._freshness = Freshness()
        self._asking: asyncio.Task[None] | None = None
        self._sentence = "was not asked for its keys yet"

    @property
    def known(self) -> Mapping[str, VerifyingKey]:
        """The keys that are known now, by their ``kid``; another mapping once they are others."""
        if self._keys is not _NONE and self._freshness.is_too_old(self._clock()):
            self._keys = _NONE
        return self._keys

    async def find(self, kid: str) -> VerifyingKey | None:
        """Return a key, asking once more if it is not known; None if the issuer has no such key.

        Raises:
            Unavailable: The issuer does not answer; definite.
        """
        found = self.known.get(kid)
        if found is not None:
            return found
        if self._asking is not None or self._freshness.may_ask(self._clock()):
            await self._ask()
        found = self.known.get(kid)
        if found is None and self._freshness.is_out:
            raise Unavailable(f"the issuer of access tokens {self._sentence}", definite=True)
        return found

    async def keep_fresh(self) -> None:
        """Ask for the keys whenever that is due, for ever."""
        while True:
            before = self._freshness
            wait_s = before.due_s() - self._clock()
            if wait_s > 0:  # replicas that started together are not to ask together for ever, and none too late
                await asyncio.sleep(wait_s * (1 - self._jitter() / 10))
            if self._freshness is before:  # nobody who needed a key has asked meanwhile
                await self._ask()

    async def blocker(self) -> str | None:
        """Return why no token can be verified, None if one can."""
        return self._sentence if self._freshness.is_too_old(self._clock()) else None

    async def concern(self) -> str | None:
        """Return what is wrong and keeps nobody from being served yet, None if nothing is."""
        if not self._freshness.is_out or self._freshness.is_too_old(self._clock()):
            return None
        return f"{self._sentence}; the keys that are known stay in use"

    async def _ask(self) -> None:
        """Ask once, together with everybody who asks meanwhile."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_once())
        await asyncio.shield(self._asking)

    async def _ask_once(self) -> None:
        try:
            keys = read_key_set(await self._fetch())
        except (OSError, TimeoutError, KeySetError) as error:
            self._freshness = self._freshness.failed(self._clock())
            self._sentence = f"does not publish its keys: {error or type(error).__name__}"
            _log.warning(
                "keys not renewed", error=str(error) or type(error).__name__, failures=self._freshness.failures
            )
        else:
            self._freshness = self._freshness.succeeded(self._clock())
            if keys.keys() != self._keys.keys() or any(keys[kid] != self._keys[kid] for kid in keys):
                _log.info("keys renewed", kids=sorted(keys))
                self._keys = keys
        finally:
            self._asking = None
