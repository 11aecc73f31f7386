"""What the lab knows of a service: its ``member.toml``, its commands, and its own books."""

from trivet_lab.members.audits import collect_audits
from trivet_lab.members.commands import CommandError, executable, last_lines, run_command
from trivet_lab.members.ledgers import collect_ledgers
from trivet_lab.members.member import Member, MemberError, Process, find_members, read_member

__all__ = [
    "CommandError",
    "Member",
    "MemberError",
    "Process",
    "collect_audits",
    "collect_ledgers",
    "executable",
    "find_members",
    "last_lines",
    "read_member",
    "run_command",
]
