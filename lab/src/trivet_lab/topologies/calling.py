"""What a process is given that calls other members past the edge: where their doors are, and a token of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from trivet_lab.members import Member, Process
from trivet_lab.topologies.stage import TOKEN_LIFETIME_S
from trivet_lab.topologies.wiring import door_variable
from trivet_platform import Envoy, Issuer

_OWNER_ALONE = 0o600


def environment_of_calls(
    member: Member, process: Process, members: Mapping[str, Member], edge: Envoy, issuer: Issuer, tokens: Path
) -> dict[str, str]:
    """Return the variables of a process that calls others.

    The token says that it is this member, and is good for what those that it calls want of their callers, and no more.
    It stands in a file of ``tokens`` that this user alone may read; it lasts for a day, longer than any run.

    Raises:
        IssuerFailed: the issuer gave none.
    """
    found = {door_variable(member, name): edge.door_url(name) for name in process.calls}
    file = tokens / f"{member.name}-{process.name}"
    scope = " ".join(scopes_of(members[name] for name in process.calls))
    _write(file, issuer.token(member.name, scope, TOKEN_LIFETIME_S))
    return found | {member.variable("TOKEN_FILE"): str(file)}


def scopes_of(called: Iterable[Member]) -> Sequence[str]:
    """Return the scopes that all of these want of a caller, each once."""
    return sorted({scope for member in called for scope in member.caller_scopes})


def _write(file: Path, token: str) -> None:
    file.touch(_OWNER_ALONE)
    file.chmod(_OWNER_ALONE)
    file.write_text(token)
