"""Every Python block of README.md runs, in order, against real servers, and prints what it says it prints."""

import ast
import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from inspect import isawaitable
from pathlib import Path
from typing import Any

from trivet_locks import Redlock

README = Path(__file__).parents[1] / "README.md"


def blocks() -> list[str]:
    found = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(found) > 5
    return found


def promised(block: str) -> list[str]:
    return re.findall(r"# → (.*)$", block, re.MULTILINE)


async def execute(block: str, names: dict[str, Any]) -> list[str]:
    printed = io.StringIO()
    code = compile(block, str(README), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with redirect_stdout(printed):
        result = eval(code, names)  # noqa: S307  - the page's own code
        if isawaitable(result):
            await result
    return printed.getvalue().splitlines()


async def test_every_block_does_what_it_says(valkeys: Callable[[int], list[str]], database: str) -> None:
    ports = [int(url.rpartition(":")[2].partition("/")[0]) for url in valkeys(5)]
    names: dict[str, Any] = {}
    for block in blocks():
        real = block.replace("range(7001, 7006)", repr(ports)).replace("postgresql://shop@127.0.0.1/shop", database)
        # A busy machine is no defect.
        real = real.replace("connect(masters)", "connect(masters, node_deadline_ms=1000)")
        assert await execute(real, names) == promised(block), block


def test_all_it_imports_is_the_face() -> None:
    imported = {
        node.module for block in blocks() for node in ast.walk(ast.parse(block)) if isinstance(node, ast.ImportFrom)
    }
    assert imported == {"trivet_locks"}
    assert Redlock.__name__ in README.read_text(encoding="utf-8")
