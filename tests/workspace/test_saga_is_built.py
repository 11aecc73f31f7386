"""Every edge and label of the saga diagram (docs/architecture.md, 3.2) is in the table that the orchestrator follows.

What the table adds is a list in the page, and that list is the whole of it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from saga_drawing import Edge, edges

ROOT = Path(__file__).resolve().parents[2]
DIAGRAM = (Path(__file__).parent / "asked" / "3.2-order-saga.mmd").read_text()
SECTION = (ROOT / "docs" / "architecture.md").read_text().split("### 3.2 Saga")[1].split("\n### ")[0]
NAMES = {short: name for name, short in re.findall(r'state "(.+)" as (\w+)', DIAGRAM)}
ASKED = {
    Edge(NAMES[start], NAMES[end], label.strip()) for start, end, label in re.findall(r"(\w+) --> (\w+): (.+)", DIAGRAM)
}
ADDED = {Edge(*found) for found in re.findall(r"^- \*(.+?)\* → \*(.+?)\*: (.+?)\.", SECTION, re.MULTILINE)}


def test_the_diagram_is_read() -> None:
    assert len(NAMES) == 6
    assert len(ASKED) == 6


@pytest.mark.parametrize("edge", sorted(ASKED), ids=lambda edge: edge.label)
def test_every_asked_edge_is_there_with_its_label(edge: Edge) -> None:
    assert edge in edges()


def test_what_was_added_is_listed_whole() -> None:
    assert edges() - ASKED == ADDED


def test_a_saga_begins_and_ends_where_the_diagram_does() -> None:
    starts, ends = {edge.start for edge in edges()}, {edge.end for edge in edges()}
    assert starts - ends == {NAMES[name] for name in re.findall(r"\[\*\] --> (\w+)", DIAGRAM)}
    assert ends - starts == {NAMES[name] for name in re.findall(r"(\w+) --> \[\*\]", DIAGRAM)}
