"""JSON read strictly: no name twice, no NaN, no Infinity, no other encoding than UTF-8.

Python's parser takes the last of two equal names, others take the first: a request that two readers understand
differently is refused.
"""

from __future__ import annotations

import json
from typing import Any

from .answers import JSON
from .errors import InvalidRequest

_EXACT_BELOW = 2**53


def is_json(content_type: str) -> bool:
    """Return whether a Content-Type says that the body is JSON, whatever its parameters."""
    return content_type.partition(";")[0].strip().lower() == JSON


def read_json(body: bytes) -> Any:
    """Return a body, parsed.

    Raises:
        InvalidRequest: It is no JSON, or JSON that two readers could understand differently.
    """
    try:
        return json.loads(_text(body), object_pairs_hook=_object, parse_float=_number, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"the body is no JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise InvalidRequest("the body is nested too deeply") from error
    except ValueError as error:  # what Python makes of an integer of more digits than it converts
        raise InvalidRequest("the body has a number that is too long") from error


def _text(body: bytes) -> str:
    """Return the body's text: UTF-8 without a mark (RFC 8259, section 8.1), never guessed at."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("the body is not UTF-8") from error
    if text.startswith("\ufeff"):
        raise InvalidRequest("the body begins with a byte order mark, which JSON does not have")
    return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(f"the body has the name {json.dumps(doubled)} twice")
    return found


def _constant(word: str) -> None:
    raise InvalidRequest(f"the body has {word}, which is no JSON")


def _number(text: str) -> int | float:
    """Return 2.0 as 2: JSON Schema, and so the contract, calls both an integer."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT_BELOW else value
