"""Asks for a small document over HTTP."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

DEADLINE_S = 5.0
BYTES_MAX = 64 * 1024
_HEADERS = {"accept": "application/json", "accept-encoding": "identity"}


async def fetch_document(url: str, *, deadline_s: float = DEADLINE_S, bytes_max: int = BYTES_MAX) -> bytes:
    """Return what is found at a URL; nobody is followed elsewhere.

    Nothing is decompressed: what is small on its way may be of any size after it, before the first byte is counted.

    Raises:
        OSError: Nobody answers, or not with 200, or with more than ``bytes_max``, or compressed.
        TimeoutError: It took longer than ``deadline_s``.
    """
    import aiohttp  # noqa: PLC0415  - a tenth of a second that a command without an issuer need not wait

    timeout = aiohttp.ClientTimeout(total=deadline_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
            session.get(url, allow_redirects=False, headers=_HEADERS) as answer,
        ):
            if answer.status != 200:
                raise OSError(f"{url} answers {answer.status}")
            coding = answer.headers.get("content-encoding", "identity")
            if coding.lower() != "identity":
                raise OSError(f"{url} answers with the content encoding {coding[:20]}")
            body = await answer.content.read(bytes_max + 1)
            while len(body) <= bytes_max and (more := await answer.content.read(bytes_max + 1)):
                body += more
    except aiohttp.ClientError as error:
        raise OSError(f"{url}: {error}") from error
    except TimeoutError as error:
        raise TimeoutError(f"{url} did not answer within {deadline_s:g} s") from error
    if len(body) > bytes_max:
        raise OSError(f"{url} answers with more than {bytes_max} bytes")
    return body


def is_trustworthy(url: str) -> bool:
    """Whether nobody on the way can change what comes from there: HTTPS, or this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether only this machine is there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
