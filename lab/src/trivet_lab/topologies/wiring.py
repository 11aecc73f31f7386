"""Leads a replica over links to the servers that it uses."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from trivet_lab.members import Member
from trivet_lab.topologies.names import LINK_WORD, masters_of
from trivet_platform import Link


def wire(replica: str, member: Member, environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Link]]:
    """Return an environment that leads a replica over links, and these links by the server behind each.

    None leads to Kafka. Its clients ask any server that they know where the brokers are, and go where the answer says:
    a link would carry that question alone, and whatever was done to it would break nothing.
    """
    urls = {"postgres": environment[member.variable("DATABASE_URL")]}
    masters = environment.get(member.variable("VALKEY_URLS"), "")
    urls |= dict(zip(masters_of(member), filter(None, masters.split(",")), strict=False))
    links = {
        server: Link(f"{replica}{LINK_WORD}{server}", f"{urlsplit(url).hostname}:{urlsplit(url).port}")
        for server, url in urls.items()
    }
    over = {server: _through(url, links[server].address) for server, url in urls.items()}
    wired = dict(environment) | {member.variable("DATABASE_URL"): over.pop("postgres")}
    if over:
        wired[member.variable("VALKEY_URLS")] = ",".join(over.values())
    return wired, links


def _through(url: str, address: str) -> str:
    """Return a URL that leads to another address, as the same user."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{address}").geturl()
