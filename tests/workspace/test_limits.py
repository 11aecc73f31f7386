"""Limits that keep a stranger's hour of reading an hour: sizes, who reads the environment, reasons beside ignores."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 80

# Files beside a settings.py that may read os.environ, each with its reason.
READS_ENVIRONMENT = {
    "platform/src/trivet_platform/environment.py": "copies PATH and its like to the processes that the platform starts",
    "platform/src/trivet_platform/forking.py": "gives each process that it forks the environment that is meant for it",
    "platform/src/trivet_platform/issuing.py": "a process of its own, whose secret may stand in no command line",
    "tools/steps.py": "makes the environment that everything else runs in",
}

# Hosts of package registries, in two parts each, so that this file names none of them either.
REGISTRIES = [
    ("pypi", ".org"),
    ("files.python", "hosted.org"),
    ("registry.npm", "js.org"),
    ("static.cra", "tes.io"),
    ("proxy.gol", "ang.org"),
    ("repo1.ma", "ven.org"),
    ("repo.ma", "ven.apache.org"),
    ("registry-1.dock", "er.io"),
    ("gh", "cr.io"),
    ("quay", ".io"),
]


def committed(*patterns: str) -> list[str]:
    """Return the files that git has, or would have with the next commit, relative to the root."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=True).stdout
    return sorted(name for name in set(listed.splitlines()) if (ROOT / name).is_file() and "/vendor/" not in name)


def trees() -> Iterator[tuple[str, str, ast.Module]]:
    for name in committed("*.py"):
        text = (ROOT / name).read_text()
        yield name, text, ast.parse(text)


def test_no_module_is_longer_than_a_reading_allows() -> None:
    lines = {name: (ROOT / name).read_text().count("\n") for name in committed("*.py", "*.go")}
    long = {name: count for name, count in lines.items() if count > MODULE_LINES_MAX}
    assert long == {}, f"over {MODULE_LINES_MAX} lines: look for the second idea in it"


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    }
    assert long == {}, f"over {FUNCTION_LINES_MAX} lines"


def reads_environment(tree: ast.Module) -> bool:
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            used.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            used |= {alias.name for alias in node.names}
    return bool(used & {"environ", "environb", "getenv", "getenvb"})


def test_the_environment_is_read_in_settings_alone() -> None:
    readers = {
        name for name, _, tree in trees() if ("/src/" in name or name.startswith("tools/")) and reads_environment(tree)
    }
    readers = {name for name in readers if not name.endswith("/settings.py")}
    assert readers - READS_ENVIRONMENT.keys() == set(), "read it in settings.py and pass it on"
    assert READS_ENVIRONMENT.keys() - readers == set(), "no longer reads it: take it off the list"


@pytest.mark.parametrize(
    "code",
    ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ", "from os import getenv"],
)
def test_reading_the_environment_is_seen(code: str) -> None:
    assert reads_environment(ast.parse(code))


IGNORE = re.compile(
    r"#\s*(?:(noqa)(?P<rules>:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?|(type:\s*ignore)(?P<codes>\[[\w, -]+\])?)(?P<why>.*)$"
)


def faults_of_ignores(text: str) -> list[str]:
    """Return the lines whose ignore names no rule, or no reason behind it."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        ignore = IGNORE.search(line)
        if ignore is None:
            continue
        named = ignore["rules"] or ignore["codes"]
        mark = "-" if ignore["rules"] else "#"  # mypy takes an ignore with anything but a comment behind it for broken
        if not named or not re.match(rf"\s+{mark}\s*\w.*\w", ignore["why"]):
            found.append(f"{number}: {line.strip()}")
    return found


def test_every_ignore_names_its_rule_and_its_reason() -> None:
    found = {name: faults for name, text, _ in trees() if (faults := faults_of_ignores(text))}
    found.pop(str(Path(__file__).relative_to(ROOT)), None)  # it holds bad ones, to be found below
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: E501",
        "x = 1  # type: ignore",
        "x = 1  # type: ignore[misc]",
        "x = 1  # noqa  - why not",
        "x = 1  # type: ignore[misc]  - its stub is wrong",
    ],
)
def test_an_ignore_without_rule_or_reason_is_seen(line: str) -> None:
    assert faults_of_ignores(line)


@pytest.mark.parametrize("line", ["x = 1  # noqa: E501  - a table", "x = 1  # type: ignore[misc]  # its stub is wrong"])
def test_a_reasoned_ignore_is_allowed(line: str) -> None:
    assert faults_of_ignores(line) == []


def test_every_ignore_of_the_configuration_has_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    rules = [line for line in lines if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert len(rules) > 10
    assert [line for line in rules if not re.search(r'",\s+# \S+ .*\w', line)] == []


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile("|".join(rf"(?<![\w-]){re.escape(a + b)}\b" for a, b in REGISTRIES))
    found = []
    for name in committed():
        text = (ROOT / name).read_text(errors="replace")
        found += [f"{name}: {hit[0]}" for hit in hosts.finditer(text)]
    assert found == []


def test_no_merge_was_left_half_done() -> None:
    marks = re.compile(r"^(<{7} |>{7} )", re.MULTILINE)
    texts = {name: (ROOT / name).read_text(errors="replace") for name in committed()}
    assert [name for name, text in texts.items() if marks.search(text)] == []
