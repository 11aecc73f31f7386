"""Every statement of more than a few lines, one file each, named after what it does."""

from __future__ import annotations

from importlib import resources


def statement(name: str) -> str:
    """Return the text of ``<name>.sql``."""
    return (resources.files(__name__) / f"{name}.sql").read_text(encoding="utf-8")
