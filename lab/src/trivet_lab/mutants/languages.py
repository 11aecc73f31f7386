"""Which language a member is written in."""

from __future__ import annotations

from pathlib import Path

from trivet_lab.mutants.golang import Golang
from trivet_lab.mutants.language import Language
from trivet_lab.mutants.python import Python


def language_of(member: Path) -> Language:
    """Return the language of the member, or library, that lies in a folder."""
    return Golang() if (member / "go.mod").exists() else Python()
