"""The code of a folder as it ships: without what is only said about it."""

from __future__ import annotations

import re
from pathlib import Path

_COMMENTS = {".py": r"(?m)^\s*#.*$", ".sql": r"--.*", ".lua": r"--.*", ".go": r"(?m)^\s*//.*$"}


def shipped(folder: Path) -> str:
    """Return all code of a folder: comments and docstrings taken out, and every run of white space one space.

    Go's tests stand beside what ships and are no part of it.
    """
    text = ""
    for file in sorted(folder.rglob("*")):
        if file.suffix not in _COMMENTS or file.name.endswith("_test.go"):
            continue
        code = file.read_text()
        code = re.sub(r'(?m)^\s*""".*?"""', "", code, flags=re.DOTALL) if file.suffix == ".py" else code
        text += " ".join(re.sub(_COMMENTS[file.suffix], "", code).split()) + "\n"
    return text
