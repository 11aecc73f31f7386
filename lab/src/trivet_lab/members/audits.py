"""Asks the services to prove their own books after a run: each member's ``audit`` command, on its database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from trivet_lab.evidence import Audit, AuditRecord, VariantDirectory, write_audit
from trivet_lab.members.commands import CommandError, last_lines, run_command
from trivet_lab.members.member import Member
from trivet_platform import Starter, execute

AUDIT_SECONDS_MAX = 120


def collect_audits(
    members: Iterable[Member],
    readers: Mapping[str, str],
    directory: VariantDirectory,
    starter: Callable[[Member], Starter] = lambda _: execute,
) -> None:
    """Let every member that has an audit run it, and write what each said to the variant's directory.

    An audit is given nothing but its database, as the role that can only read: it proves the books whichever strategy
    wrote them, changes nothing, and is the committed member's also where a changed copy of it was on stage. One that is
    missing, hangs or fails is written down as such: it is no ruling, and for a checker to say.

    Args:
        members: the services on stage.
        readers: a read-only URL of each one's database.
        directory: where ``audit/<member>.json`` goes.
        starter: how each one's command is started.
    """

    def audit(member: Member) -> None:
        environment = {member.variable("DATABASE_URL"): readers[member.name]}
        write_audit(directory.audit(member.name), _run(member.audit or [], environment, starter(member)))

    audited = [member for member in members if member.audit is not None]
    with ThreadPoolExecutor(max_workers=max(1, len(audited))) as pool:
        for _ in pool.map(audit, audited):
            pass


def _run(command: Sequence[str], environment: Mapping[str, str], starter: Starter) -> AuditRecord:
    try:
        done = run_command(command, environment, AUDIT_SECONDS_MAX, starter)
    except CommandError as error:
        return AuditRecord(list(command), None, None, str(error))
    try:
        audit = msgspec.json.decode(done.stdout, type=Audit)
    except msgspec.DecodeError as error:
        said = last_lines(done.stderr or done.stdout) or str(error)
        return AuditRecord(list(command), done.returncode, None, said)
    return AuditRecord(list(command), done.returncode, audit)
