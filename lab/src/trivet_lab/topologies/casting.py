"""Who is on a stage before it opens: replicas, the links between them and what they use, and where others find them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from trivet_lab.members import Member, Process
from trivet_lab.topologies.names import LINK_WORD
from trivet_platform import Link, Part, Program, Upstream


class Replica(NamedTuple):
    """One process that is to run, by the name that every stage has for it, and its links by what they lead to."""

    name: str
    program: Program
    links: Mapping[str, Link]


@dataclasses.dataclass
class Cast:
    """Collects them process by process.

    ``parts`` are what can be broken, by the names that every stage shares; ``inside`` the base URLs of each member's
    replicas that speak HTTP.
    """

    programs: list[Program] = dataclasses.field(default_factory=list)
    links: list[Link] = dataclasses.field(default_factory=list)
    parts: dict[str, Part] = dataclasses.field(default_factory=dict)
    upstreams: list[Upstream] = dataclasses.field(default_factory=list)
    inside: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    def add(self, member: Member, process: Process, replicas: Sequence[Replica]) -> None:
        """Take in a process. What answers at the edge answers at its member's door too, if it has one."""
        for replica in replicas:
            self.programs.append(replica.program)
            self.links += replica.links.values()
            self.parts |= {f"{replica.name}{LINK_WORD}{server}": link for server, link in replica.links.items()}
            self.parts[replica.name] = replica.program
        endpoints = [replica.program.listen for replica in replicas if replica.program.listen]
        self.inside.setdefault(member.name, []).extend(f"http://{each}" for each in endpoints)
        if process.at_edge:
            self.upstreams.append(Upstream(member.name, endpoints, member.edge, member.internal))
