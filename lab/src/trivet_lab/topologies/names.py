"""What the parts of a stage and the links between them are called, known before anything starts."""

from __future__ import annotations

from collections.abc import Sequence

from trivet_lab.members import Member, Process

LINK_WORD = "-to-"


def part_names(members: Sequence[Member]) -> list[str]:
    """Return the names of all parts of a stage with these members, known before anything starts."""
    services = [
        replica_name(member, process, number)
        for member in members
        for process in member.processes
        for number in range(1, process.replicas + 1)
    ]
    masters = max((member.needs.get("valkey", 0) for member in members), default=0)
    return [*services, *(master_name(number) for number in range(1, masters + 1)), "postgres", "issuer", "envoy"]


def replica_name(member: Member, process: Process, number: int) -> str:
    """Return what one replica is called on every stage."""
    return f"{member.name}-{process.name}-{number}"


def master_name(number: int) -> str:
    """Return what one of the Valkey masters is called."""
    return f"valkey-{number}"


def link_names(members: Sequence[Member]) -> list[str]:
    """Return the names of all links of a linked stage with these members."""
    return [
        f"{replica_name(member, process, number)}{LINK_WORD}{server}"
        for member in members
        for process in member.processes
        for number in range(1, process.replicas + 1)
        for server in ("postgres", *(master_name(each) for each in range(1, member.needs.get("valkey", 0) + 1)))
    ]
