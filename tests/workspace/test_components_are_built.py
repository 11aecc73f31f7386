"""Every node and edge of the component diagram (docs/architecture.md, 1.2) is a member, a part, or a way between two.

What stands in the diagram was asked for. What the members have beyond it is listed here, and told under the diagram.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from shipped import shipped

from trivet_lab.members import Member, find_members
from trivet_platform import Envoy, Postgres, Valkey

ROOT = Path(__file__).resolve().parents[2]
DIAGRAM = (Path(__file__).parent / "asked" / "1.2-system-components.mmd").read_text()
PAGE = (ROOT / "docs" / "architecture.md").read_text()
BEYOND = PAGE.split("### 1.2 System components")[1].split("\n## ")[0].partition("**Beyond the diagram:**")[2]
MEMBERS = find_members(ROOT)
SHAPE = r"(?:\[\(.*?\)\]|\[.*?\](?=\s|$))"
ARROW = re.compile(rf"^\s*(\w+){SHAPE}? -->(?:\|([^|]*)\|)? (\w+)", re.MULTILINE)
NODES = dict(re.findall(rf"\b(\w+)({SHAPE})", DIAGRAM))


class Edge(NamedTuple):
    """A way from one node to another, and what goes over it."""

    source: str
    label: str
    target: str


def edges() -> set[Edge]:
    """Return the edges of the diagram."""
    return {Edge(*found) for found in ARROW.findall(DIAGRAM)}


def requires(name: str) -> Callable[[Member], bool]:
    """Tell whether a Python member is built on a distribution."""

    def is_met(member: Member) -> bool:
        project = tomllib.loads((member.folder / "pyproject.toml").read_text())["project"]
        return any(re.match(rf"{name}\b", each) for each in project["dependencies"])

    return is_met


def is_go(member: Member) -> bool:
    """Tell whether a member is a module of Go."""
    return member.language == "go" and (member.folder / "go.mod").read_text().startswith(f"module trivet/{member.name}")


SERVICES = {
    "FastAPI": ("inventory", "[FastAPI (Inventory)]", requires("fastapi")),
    "Django": ("wallet", "[Django (Wallet/Payment)]", requires("django")),
    "Go": ("reservation", "[Go Service (Reservation)]", is_go),
}
PARTS = {"LB": ("[Load Balancer]", Envoy), "Redis": ("[(Redis)]", Valkey), "DB": ("[(PostgreSQL)]", Postgres)}
STORES = {node: part.__name__.lower() for node, (_, part) in PARTS.items() if node != "LB"}

LOCKS = "race-condition-mitigation/locks/src"
# Of each labelled edge: the strategy that a process runs to go over it, and the code by which it does.
WAYS = {
    Edge("FastAPI", "Redlock", "Redis"): ("redlock", LOCKS, r'"SET", key, token, "NX", "PX", ttl_ms'),
    Edge("FastAPI", "Advisory Locks", "DB"): ("advisory", LOCKS, r"SELECT pg_advisory_xact_lock\(\$1::bigint\)"),
    Edge("Django", "select_for_update", "DB"): (
        "select_for_update",
        "race-condition-mitigation/wallet/src",
        r'\.select_for_update\(of=\("self",\)',
    ),
    Edge("Django", "Optimistic Lock", "DB"): (
        "optimistic",
        "race-condition-mitigation/wallet/src",
        r"UPDATE accounts SET .*accounts\.version = change\.read_version",
    ),
    Edge("Go", "SETNX", "Redis"): (
        "setnx",
        "race-condition-mitigation/reservation/internal/seats/lua",
        r"redis\.call\('SET', KEYS\[place\], ARGV\[1\], 'NX', 'PX', ARGV\[2\]\)",
    ),
}

# What is there and was not asked for, with the words that tell of it under the diagram.
MORE_WAYS = {("Go", "DB"): "from Go to PostgreSQL"}
MORE_STRATEGIES = {"naive": "strategy `naive`"}
MORE_MEMBERS = {"order": "the order, which is drawn under 3.1"}
MORE_PARTS = {"issuer": "an issuer beside the load balancer"}


def test_every_node_is_asked_for_as_it_is_known_here() -> None:
    services = {node: shape for node, (_, shape, _) in SERVICES.items()}
    parts = {node: shape for node, (shape, _) in PARTS.items()}
    assert services | parts == NODES


@pytest.mark.parametrize(("name", "is_built"), [(name, built) for name, _, built in SERVICES.values()], ids=SERVICES)
def test_a_service_is_a_member_of_its_stack(name: str, is_built: Callable[[Member], bool]) -> None:
    assert is_built(MEMBERS[name])


def test_a_member_beside_the_diagram_is_listed_and_told() -> None:
    assert MEMBERS.keys() - {name for name, _, _ in SERVICES.values()} == set(MORE_MEMBERS)
    for words in MORE_MEMBERS.values():
        assert words in " ".join(BEYOND.split()), words


def test_the_parts_that_its_members_need_are_those_of_the_diagram() -> None:
    needed = {part for name, _, _ in SERVICES.values() for part in MEMBERS[name].needs}
    assert needed == set(STORES.values())


def test_the_load_balancer_leads_to_every_service() -> None:
    asked = {edge.target for edge in edges() if edge.source == "LB"}
    assert asked == set(SERVICES)
    for node in asked:
        member = MEMBERS[SERVICES[node][0]]
        assert member.edge
        assert any(process.http and process.replicas > 1 for process in member.processes)


def test_every_labelled_edge_is_a_way_that_is_known_here() -> None:
    assert {edge for edge in edges() if edge.source != "LB"} == set(WAYS)


@pytest.mark.parametrize("edge", WAYS, ids=str)
def test_a_way_is_a_strategy_of_its_service_and_stands_in_the_code_that_ships(edge: Edge) -> None:
    strategy, folder, form = WAYS[edge]
    member = MEMBERS[SERVICES[edge.source][0]]
    assert strategy in member.variants[member.variable("STRATEGY")]
    assert STORES[edge.target] in member.needs
    assert re.search(form, shipped(ROOT / folder)), f"{form} is nowhere under {folder}"


def test_what_is_there_in_addition_is_listed_and_told() -> None:
    asked = {(edge.source, edge.target) for edge in WAYS}
    needs = {node: MEMBERS[name].needs for node, (name, _, _) in SERVICES.items()}
    there = {(node, store) for node in SERVICES for store, need in STORES.items() if need in needs[node]}
    assert there - asked == set(MORE_WAYS)
    drawn = [MEMBERS[name] for name, _, _ in SERVICES.values()]
    strategies = {each for member in drawn for each in member.variants[member.variable("STRATEGY")]}
    assert strategies - {strategy for strategy, _, _ in WAYS.values()} == set(MORE_STRATEGIES)
    for words in (*MORE_WAYS.values(), *MORE_STRATEGIES.values(), *MORE_PARTS.values()):
        assert words in " ".join(BEYOND.split()), words


def test_nothing_is_asked_for_that_is_not_read() -> None:
    """The comparisons above are worth what they read: each word of the diagram is changed once, and is missed."""
    words = [each for each in re.finditer(r"\w+", DIAGRAM) if each.start() > DIAGRAM.index("LB")]
    for word in words[:-1]:  # the last one is `end`
        mutant = DIAGRAM[: word.start()] + "Planted" + DIAGRAM[word.end() :]
        read = dict(re.findall(rf"\b(\w+)({SHAPE})", mutant)), {Edge(*found) for found in ARROW.findall(mutant)}
        assert read != (NODES, edges()), word[0]
