"""The core stands on the standard library alone: read from the sources, whatever is installed."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import trivet_order

PACKAGE = Path(trivet_order.__file__).parent
ALLOWED = {"domain": {"trivet_order.domain"}, "application": {"trivet_order.domain", "trivet_order.application"}}
FILES = [file for layer in ALLOWED for file in sorted((PACKAGE / layer).rglob("*.py"))]


def strangers(source: str, layer: str) -> list[str]:
    """Return what a module of a layer imports that it may not."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append(node.module or "")
        elif isinstance(node, ast.ImportFrom) and node.level > 1:
            found.append("." * node.level)
    return [
        name
        for name in found
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(name == own or name.startswith(f"{own}.") for own in ALLOWED[layer])
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_of_the_core_imports_the_core_and_the_standard_library(file: Path) -> None:
    assert strangers(file.read_text(), file.relative_to(PACKAGE).parts[0]) == []


def test_the_core_is_there() -> None:
    assert {file.relative_to(PACKAGE).parts[0] for file in FILES} == set(ALLOWED)
    assert len(FILES) > 15


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        ("domain", "import sqlalchemy"),
        ("domain", "from sqlalchemy.orm import Session"),
        ("domain", "from trivet_order.application import OrderView"),
        ("domain", "from trivet_order import settings"),
        ("domain", "from ..application import ports"),
        ("domain", "import trivet_chassis"),
        ("domain", "import trivet_order.domains"),
        ("application", "def f():\n    import msgspec"),
        ("application", "from trivet_order.adapters.memory import MemoryStore"),
        ("application", "import trivet_order.failpoints"),
    ],
)
def test_a_stranger_is_seen(layer: str, line: str) -> None:
    assert strangers(line, layer)


def test_no_module_of_the_core_is_long() -> None:
    lines = {file.name: len(file.read_text().splitlines()) for file in FILES}
    assert max(lines.values()) <= 320, lines
