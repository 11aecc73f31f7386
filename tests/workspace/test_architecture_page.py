"""docs/architecture.md carries the six reference diagrams whole, and says of each what is built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = sorted((Path(__file__).parent / "asked").glob("*.mmd"))
PAGE = (ROOT / "docs" / "architecture.md").read_text()
BLOCK = re.compile(r"^```mermaid\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
# A node with its shape, anywhere in a statement of a graph: LB[Load Balancer], Redis[(Redis)], LB["Load Balancer"].
NODE = re.compile(r'\b(\w+)(\[\("?.*?"?\)\]|\["?.*?"?\](?=\s|$))')

# The folder that a diagram's system lives in: while it does not exist, the page must say so, and no longer.
NOT_BUILT_UNTIL = {
    "2.1-multi-region-deployment": "cloud-native-ha",
    "2.2-automated-failover": "cloud-native-ha",
    "3.1-hexagonal-classes": "enterprise-reference-architecture",
    "3.2-order-saga": "enterprise-reference-architecture",
}


def elements(diagram: str) -> list[str]:
    """Return every node, edge and label of a diagram, each as one line of text, in the order of the diagram.

    Quotes and spaces are how a diagram is written, not what it says: mermaid wants labels quoted that hold
    parentheses. In a graph a node may be declared inside an edge: both become lines of their own. A member of a
    class or a boundary is told apart by the block that it stands in.
    """
    found: list[str] = []
    blocks: list[str] = []
    is_graph = diagram.lstrip().startswith("graph")
    for raw in diagram.splitlines():
        line = " ".join(raw.split())
        if not line or line.startswith("%%"):
            continue
        if line == "}":
            blocks.pop()
            continue
        if is_graph:
            found += [f"node {name} {shape.replace(chr(34), '')}" for name, shape in NODE.findall(line)]
            line = NODE.sub(r"\1", line)
        said = line.replace('"', "")
        if not is_graph or not re.fullmatch(r"\w+", said) or said == "end":
            found.append(" / ".join([*blocks, said]))
        if line.endswith("{"):
            blocks.append(said.removesuffix("{").strip())
    return found


def sections() -> list[tuple[str, str]]:
    """Return each diagram of the page with the text that follows it, up to the next heading."""
    found = []
    for block in BLOCK.finditer(PAGE):
        rest = PAGE[block.end() :]
        found.append((block[1], re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]))
    return found


def test_there_are_six_diagrams() -> None:
    assert len(REFERENCES) == len(sections()) == 6


@pytest.mark.parametrize(("number", "file"), list(enumerate(REFERENCES)), ids=[file.stem for file in REFERENCES])
class TestEachDiagram:
    def test_every_node_edge_and_label_is_there_in_order(self, number: int, file: Path) -> None:
        wanted, there = elements(file.read_text()), iter(elements(sections()[number][0]))
        assert [element for element in wanted if element not in there] == []

    def test_what_is_drawn_in_addition_is_listed_under_it(self, number: int, file: Path) -> None:
        diagram, text = sections()[number]
        wanted = elements(file.read_text())
        listed = text.partition("**Beyond the diagram:**")[2]
        extra = [element for element in elements(diagram) if element not in wanted]
        assert [element for element in extra if element not in listed] == []

    def test_its_status_and_additions_follow(self, number: int, file: Path) -> None:
        text = sections()[number][1]
        assert re.match(r"\n\*\*Status: (built|partly built|not built yet)\.\*\*", text)
        assert re.search(r"^\*\*Beyond the diagram:\*\*( nothing\.|\n\n- )", text, re.MULTILINE)
        folder = NOT_BUILT_UNTIL.get(file.stem)
        if folder is not None:
            assert text.startswith("\n**Status: not built yet.**") is not (ROOT / folder).exists()


def test_the_reading_of_diagrams_sees_every_change() -> None:
    """The comparison above is worth what `elements` sees: each word of each diagram is taken out once."""
    for file in REFERENCES:
        text = file.read_text()
        whole = elements(text)
        words = [found for found in re.finditer(r"\w+", text) if "%%" not in text[: found.end()].rsplit("\n", 1)[-1]]
        for word in words:
            mutant = text[: word.start()] + "Planted" + text[word.end() :]
            assert elements(mutant) != whole, f"{file.name}: {word[0]!r} at {word.start()} is not compared"
