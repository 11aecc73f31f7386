"""A person's client of the edge: one JSON request at a time, for setting scenes up and for samples."""

from __future__ import annotations

import dataclasses
import functools
import http.client
import json
import ssl
import urllib.error
import urllib.request
from typing import Any, cast


class EdgeError(Exception):
    """The edge refused or did not answer; ``status`` is 0 when nothing came back."""

    def __init__(self, sentence: str, status: int) -> None:
        """Keep the status beside the sentence."""
        super().__init__(sentence)
        self.status = status


@dataclasses.dataclass(frozen=True)
class Told:
    """What was answered, whatever it is: ``body`` is None if it was no JSON, ``node`` who says to have answered."""

    status: int
    body: Any
    node: str | None


def ask(
    method: str,
    url: str,
    body: object | None = None,
    timeout_s: float = 10,
    token: str | None = None,
) -> Told:
    """Send one request to a loopback URL and return what was answered, a refusal too.

    Raises:
        EdgeError: there was no answer within ``timeout_s``.
    """
    try:
        with _sent(method, url, body, None, timeout_s, token, None) as answer:
            return Told(answer.status, _decoded(answer.read()), answer.headers.get("x-trivet-node"))
    except urllib.error.HTTPError as error:
        with error:
            return Told(error.code, _decoded(error.read()), error.headers.get("x-trivet-node"))
    except (OSError, http.client.HTTPException) as error:
        raise EdgeError(f"{method} {url}: {error}", 0) from error


def request_json(
    method: str,
    url: str,
    body: object | None = None,
    key: str | None = None,
    timeout_s: float = 10,
    token: str | None = None,
    trust: ssl.SSLContext | None = None,
) -> Any:
    """Send one request to a loopback URL, with an access token if there is one, and return the decoded answer.

    ``trust`` is whom to know an edge that speaks TLS by.

    Raises:
        EdgeError: the answer is no 2xx, or there was none within ``timeout_s``.
    """
    try:
        with _sent(method, url, body, key, timeout_s, token, trust) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")[:500]
        raise EdgeError(f"{method} {url}: {error.code} {text}", error.code) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EdgeError(f"{method} {url}: {error}", 0) from error


def _sent(
    method: str,
    url: str,
    body: object | None,
    key: str | None,
    timeout_s: float,
    token: str | None,
    trust: ssl.SSLContext | None,
) -> http.client.HTTPResponse:
    """Send one request and return the answer, to be read and closed; whatever is no 2xx is raised."""
    if not url.startswith(("http://127.", "https://127.")):
        raise EdgeError(f"{url} is not on loopback", 0)
    headers = {"content-type": "application/json"} if body is not None else {}
    if key is not None:
        headers["idempotency-key"] = key
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310  - checked above: loopback alone
    return cast("http.client.HTTPResponse", _opener(trust).open(request, timeout=timeout_s))


def _decoded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


@functools.cache
def _opener(trust: ssl.SSLContext | None) -> urllib.request.OpenerDirector:
    """Return what opens an address directly: a proxy that a person's shell names is for the world outside."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
