"""Text of strangers, as PostgreSQL can hold it."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return a text in which what a column of text refuses is spelt out: NUL and lone surrogates.

    What cannot be stored would otherwise stop everything that is written with it, again and again.
    """
    return text.replace("\x00", "\\x00").encode(errors="backslashreplace").decode()
