"""What the parts of a stage and the links between them are called, known before anything starts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trivet_lab.members import Member, Process

LINK_WORD = "-to-"


def part_names(members: Sequence[Member]) -> list[str]:
    """Return the names of all parts of a stage with these members, known before anything starts."""
    services = [
        name for member in members for process in on_stage(member, members) for name in replicas(member, process)
    ]
    return [
        *services,
        *master_names(members),
        "postgres",
        *(["kafka"] if need_kafka(members) else []),
        "issuer",
        "envoy",
    ]


def on_stage(member: Member, members: Iterable[Member]) -> list[Process]:
    """Return the processes of a member that run beside these: those that call somebody who is not there do not."""
    return member.on_stage({each.name for each in members})


def replicas(member: Member, process: Process) -> list[str]:
    """Return what the replicas of a process are called on every stage."""
    return [f"{member.name}-{process.name}-{number}" for number in range(1, process.replicas + 1)]


def called(members: Sequence[Member]) -> list[str]:
    """Return the names of the members that others call: each has a door."""
    found = {name for member in members for process in on_stage(member, members) for name in process.calls}
    return [member.name for member in members if member.name in found]


def masters_of(member: Member) -> list[str]:
    """Return what the Valkey masters are called that a member uses.

    Several are a quorum, ``valkey-1`` and so on, the same for whoever needs one: a lock is lost with a majority of
    them alone. A single one is the member's own, ``<member>-valkey``, and no other one's keys are lost with it. So a
    name means the same server whichever members are on stage, and a quorum's family has its own masters alone.
    """
    count = member.needs.get("valkey", 0)
    if count == 1:
        return [f"{member.name}-valkey"]
    return [f"valkey-{number}" for number in range(1, count + 1)]


def master_names(members: Iterable[Member]) -> list[str]:
    """Return what all Valkey masters of these members are called, a quorum before what is one member's own."""
    named = [masters_of(member) for member in members]
    quorum = max((names for names in named if len(names) != 1), key=len, default=[])
    return [*quorum, *(name for names in named if len(names) == 1 for name in names)]


def need_kafka(members: Iterable[Member]) -> bool:
    """Whether one of these members speaks to Kafka; all who do speak to the same."""
    return any("kafka" in member.needs for member in members)


def link_names(members: Sequence[Member]) -> list[str]:
    """Return the names of all links that there can be on a stage with these members; none leads to Kafka, see ``wire``.

    A link leads from a replica to a server that it uses, or to the door of a member that it calls.
    """
    return [
        f"{replica}{LINK_WORD}{server}"
        for member in members
        for process in on_stage(member, members)
        for replica in replicas(member, process)
        for server in ("postgres", *masters_of(member), *process.calls)
    ]
