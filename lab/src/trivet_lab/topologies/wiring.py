"""Leads a replica over links to the servers that it uses and to the doors of the members that it calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from trivet_lab.members import Member
from trivet_lab.topologies.names import LINK_WORD, masters_of
from trivet_platform import Link


def wire(
    replica: str, member: Member, environment: Mapping[str, str], doors: Collection[str], wanted: Collection[str]
) -> tuple[dict[str, str], dict[str, Link]]:
    """Return an environment that leads a replica over links, and these links by the server or the door behind each.

    ``doors`` are the members that it calls; ``wanted`` what it is to have a link to. None leads to Kafka. Its clients
    ask any server that they know where the brokers are, and go where the answer says: a link would carry that question
    alone, and whatever was done to it would break nothing.
    """
    wired, links = dict(environment), {}
    for variable, named in _uses(member, environment, doors).items():
        urls = []
        for server, url in named:
            if server in wanted:
                address = f"{urlsplit(url).hostname}:{urlsplit(url).port}"
                links[server] = Link(f"{replica}{LINK_WORD}{server}", address)
            urls.append(_through(url, links[server].address) if server in links else url)
        wired[variable] = ",".join(urls)
    return wired, links


def _uses(member: Member, environment: Mapping[str, str], doors: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """Return the servers and doors that a replica uses with their URLs, by the variable that has them so."""
    database, valkeys = member.variable("DATABASE_URL"), member.variable("VALKEY_URLS")
    found = {database: [("postgres", environment[database])]}
    if masters := masters_of(member):
        found[valkeys] = list(zip(masters, environment[valkeys].split(","), strict=True))
    for name in doors:
        variable = door_variable(member, name)
        found[variable] = [(name, environment[variable])]
    return found


def door_variable(member: Member, called: str) -> str:
    """Return the environment variable by which a member is told where it finds another one."""
    return member.variable(f"{called.upper().replace('-', '_')}_URL")


def _through(url: str, address: str) -> str:
    """Return a URL that leads to another address, as the same user."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{address}").geturl()
