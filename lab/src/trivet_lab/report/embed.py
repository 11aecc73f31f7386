"""Puts scripts, styles and data into one page so that nothing in the data can become markup or code."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
from markupsafe import Markup

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def script_json(data: Any) -> Markup:
    """Return data as JSON that is safe inside a script element.

    JSON allows ``<``, U+2028 and U+2029 only inside strings, where an escape means the same; without ``<`` no
    ``</script>`` or ``<!--`` can end or bend the element (HTML, *Restrictions for contents of script elements*).
    """
    return Markup(msgspec.json.encode(data).decode().translate(_ESCAPES))  # noqa: S704  - every character that means something to HTML is escaped above


def trusted(text: str) -> Markup:
    """Return one of the package's own files for a script or style element, where HTML escapes mean nothing."""
    if "</script" in text.lower() or "</style" in text.lower():
        raise ValueError("this text would end the element that holds it")
    return Markup(text)  # noqa: S704  - a file of this package, checked above


def csp_hash(text: str) -> str:
    """Return the source expression that allows exactly this script or style (Content Security Policy, level 3)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(scripts: list[str], styles: list[str]) -> str:
    """Return a policy that allows these elements and nothing else: no request leaves the page."""
    script = " ".join(csp_hash(text) for text in scripts)
    style = " ".join(csp_hash(text) for text in styles)
    return f"default-src 'none'; script-src {script}; style-src {style}; base-uri 'none'; form-action 'none'"
