"""The threat model speaks of every edge that is built, and names tests that are there."""

from __future__ import annotations

import re
import subprocess

import pytest

from trivet_lab.settings import lab_settings

ROOT = lab_settings().root
PAGE = ROOT / "docs" / "operations" / "security.md"
ROWS = [line for line in PAGE.read_text().splitlines() if line.startswith("|")][2:]
NAMED = r"`([\w/-]+(?:\.py|_test\.go)(?:::\w+)?)`"
TESTS = sorted({found for row in ROWS for found in re.findall(NAMED, row.rsplit("|", 2)[1])})
NODES = {
    "LB": "Load Balancer",
    "FastAPI": "FastAPI",
    "Django": "Django",
    "Redis": "Redis",
    "DB": "PostgreSQL",
    "Go": "Go",
}


def tracked() -> list[str]:
    shown = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True)
    return shown.stdout.splitlines()


def test_each_row_names_a_test() -> None:
    assert len(ROWS) > 20
    for row in ROWS:
        assert re.search(NAMED, row.rsplit("|", 2)[1]), row


@pytest.mark.parametrize("name", TESTS)
def test_a_test_that_is_named_is_there(name: str) -> None:
    path, _, function = name.partition("::")
    found = [each for each in tracked() if each == path or each.endswith(f"/{path}")]
    assert len(found) == 1, f"{path} is {found or 'nowhere'}"
    if function:
        word = "func" if found[0].endswith(".go") else "def"
        assert f"{word} {function}(" in (ROOT / found[0]).read_text()


def test_each_edge_of_the_component_diagram_has_its_threats() -> None:
    diagram = (ROOT / "docs" / "architecture.md").read_text().split("### 1.2 System components")[1].split("```")[1]
    edges = re.findall(r"^ +(\w+)(?:\[.*?\])? -->(?:\|[^|]*\|)? (\w+)", diagram, re.MULTILINE)
    assert len(edges) == 8
    spoken = [row.split("|")[1] for row in ROWS]
    for source, target in edges:
        sides = [edge.partition("→") for edge in spoken if "→" in edge]
        assert any(NODES[source] in left and NODES[target] in right for left, _, right in sides), (source, target)


def test_each_kind_of_threat_is_spoken_of_where_clients_come_in() -> None:
    kinds = {letter for row in ROWS for letter in re.findall(r"\b[STRIDE]\b", row.split("|")[2].partition(":")[0])}
    assert kinds == set("STRIDE")
