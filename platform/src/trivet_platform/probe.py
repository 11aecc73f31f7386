"""One HTTP GET, as probes need it: short, without proxies, without redirects."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

_TIMEOUT_S = 1
_ANSWER_CHARS = 300


class NoAnswer(Exception):
    """Nothing answered as HTTP within a second."""


def get(url: str, headers: Mapping[str, str] | None = None, trust: ssl.SSLContext | None = None) -> tuple[int, str]:
    """Return status and body; ``trust`` is whom to know the server of an https address by.

    Raises:
        NoAnswer: the connection failed, or what came was no HTTP.
    """
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT_S)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, parts.port, timeout=_TIMEOUT_S, context=trust)
    try:
        connection.request("GET", target, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def http_blocker(url: str) -> str | None:
    """Return None when a GET answers 2xx, else what came instead, with the beginning of its body."""
    path = urlsplit(url).path or "/"
    try:
        status, body = get(url)
    except NoAnswer as error:
        return f"{path} does not answer: {error}"
    if 200 <= status < 300:
        return None
    return f"{path} answers {status} {' '.join(body.split())[:_ANSWER_CHARS]}".rstrip()
