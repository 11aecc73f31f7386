"""What the lab knows of a service: its ``member.toml``, and its ledgers' SQL."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Container, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

LANGUAGES = ("python", "go")
AT_EDGE = "api"
"""The process of a member that answers its paths at the edge."""
_TOPIC = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
"""A topic's name is a file's too, in every run."""


class MemberError(Exception):
    """A ``member.toml`` says something that the lab cannot act on; the sentence names the file and the field."""


@dataclasses.dataclass(frozen=True)
class Process:
    """One kind of process of a member and how many of it run."""

    name: str
    command: list[str]
    replicas: int
    http: bool
    at_writer_only: bool
    calls: list[str] = dataclasses.field(default_factory=list)
    """The members whose APIs it asks, past the edge."""

    @property
    def at_edge(self) -> bool:
        """Whether the load balancer leads to it: any other one speaks HTTP for probes and metrics alone."""
        return self.http and self.name == AT_EDGE


@dataclasses.dataclass(frozen=True)
class Member:
    """A service as its ``member.toml`` describes it."""

    name: str
    folder: Path
    language: str
    needs: Mapping[str, int]
    edge: list[str]
    internal: list[str]
    migrate: list[str] | None
    audit: list[str] | None
    topics: list[str]
    processes: list[Process]
    variants: Mapping[str, list[str]]
    caller_scopes: list[str] = dataclasses.field(default_factory=list)
    """What the token of a service that calls it has to be good for."""
    preload: list[str] = dataclasses.field(default_factory=list)
    """The Python modules that its commands import before anything else; none of them starts a thread."""

    def variable(self, name: str) -> str:
        """Return the environment variable of one of this member's settings, e.g. ``TRIVET_INVENTORY_LISTEN``."""
        return f"TRIVET_{self.name.upper().replace('-', '_')}_{name}"

    def on_stage(self, members: Container[str]) -> list[Process]:
        """Return the processes that run beside these members: one that calls somebody who is not there has no work."""
        return [process for process in self.processes if all(name in members for name in process.calls)]

    def ledgers(self) -> dict[str, str]:
        """Return the SQL of each ledger by its name, ``inventory.purchases`` for ``ledger/purchases.sql``."""
        files = sorted((self.folder / "ledger").glob("*.sql"))
        return {f"{self.name}.{file.stem}": file.read_text() for file in files}


def _needs(words: list[str]) -> dict[str, int]:
    found = {}
    for word in words:
        part, _, count = word.partition(":")
        found[part] = int(count or 1)
    return found


def _command(table: dict[str, Any], name: str) -> list[str] | None:
    words = table.get(name)
    if words is None or (isinstance(words, list) and words and all(isinstance(word, str) for word in words)):
        return words
    raise ValueError(f"{name} = {words!r} must be a command as a list of words")


def _topics(table: dict[str, Any]) -> list[str]:
    names = table.get("topics", [])
    legal = isinstance(names, list) and all(isinstance(name, str) and _TOPIC.fullmatch(name) for name in names)
    if not legal or len(set(names)) < len(names):
        raise ValueError(f"topics = {names!r} must be a list of names of topics, each once")
    if names and "kafka" not in _needs(table["needs"]):
        raise ValueError(f"topics = {names!r} need Kafka, and needs does not have it")
    return list(names)


def _words(table: dict[str, Any], name: str) -> list[str]:
    words = table.get(name, [])
    legal = isinstance(words, list) and all(isinstance(word, str) and word for word in words)
    if not legal or len(set(words)) < len(words):
        raise ValueError(f"{name} = {words!r} must be a list of words, each once")
    return list(words)


def _process(name: str, table: dict[str, Any]) -> Process:
    return Process(
        name=name,
        command=list(table["command"]),
        replicas=int(table.get("replicas", 1)),
        http=bool(table.get("http", False)),
        at_writer_only=bool(table.get("at_writer_only", False)),
        calls=_words(table, "calls"),
    )


def read_member(file: Path) -> Member:
    """Read one ``member.toml``.

    Raises:
        MemberError: it is no TOML, a field is missing or has another shape than design says.
    """
    try:
        table = tomllib.loads(file.read_text())
        name = table["name"]
        if not re.fullmatch(r"[a-z][a-z-]*", name) or name != file.parent.name:
            raise MemberError(f"{file}: name = {name!r} must be the folder's name, in lower case")
        if table["language"] not in LANGUAGES:
            raise MemberError(f"{file}: language = {table['language']!r} must be one of {', '.join(LANGUAGES)}")
        return Member(
            name=name,
            folder=file.parent,
            language=table["language"],
            needs=MappingProxyType(_needs(table["needs"])),
            edge=list(table.get("edge", [])),
            internal=list(table.get("internal", [])),
            migrate=_command(table, "migrate"),
            audit=_command(table, "audit"),
            topics=_topics(table),
            processes=[_process(key, value) for key, value in table["process"].items()],
            variants=MappingProxyType(table.get("variants", {})),
            caller_scopes=_words(table, "caller_scopes"),
            preload=_words(table, "preload"),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise MemberError(f"{file}: {type(error).__name__}: {error}") from error


def find_members(root: Path) -> dict[str, Member]:
    """Return every member of a checkout by name; members are found by folder, at most three levels deep.

    Raises:
        MemberError: two members claim one path prefix at the edge, so that a request would have two owners, or one
            calls what is no member, itself, or a member without an API.
    """
    files = sorted(file for depth in ("*", "*/*", "*/*/*") for file in root.glob(f"{depth}/member.toml"))
    members = [read_member(file) for file in files if not file.relative_to(root).parts[0].startswith(".")]
    owners: dict[str, str] = {}
    for member in members:
        for prefix in member.edge:
            if prefix in owners:
                raise MemberError(f"{member.name} and {owners[prefix]} both claim {prefix} at the edge")
            owners[prefix] = member.name
    found = {member.name: member for member in members}
    for member in members:
        for process in member.processes:
            for name in process.calls:
                _ensure_callable(member, process, found.get(name))
    return found


def _ensure_callable(member: Member, process: Process, called: Member | None) -> None:
    who = f"{member.name}: process {process.name} calls"
    if called is None:
        raise MemberError(f"{who} what is no member: {', '.join(process.calls)}")
    if called is member:
        raise MemberError(f"{who} its own member")
    if not any(other.at_edge for other in called.processes):
        raise MemberError(f"{who} {called.name}, which has no process {AT_EDGE} that speaks HTTP")
