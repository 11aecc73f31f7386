"""What the lab knows of a service: its ``member.toml``, its commands, and its own books."""

from trivet_lab.members.audits import collect_audits
from trivet_lab.members.commands import CommandError, executable, last_lines, run_command
from trivet_lab.members.ledgers import collect_ledgers
from trivet_lab.members.member import Member, MemberError, Process, find_members, read_member
from trivet_lab.members.standing import Standing, checkouts_under_way, standing_of
from trivet_lab.members.topics import TopicsUnread, collect_topics

__all__ = [
    "CommandError",
    "Member",
    "MemberError",
    "Process",
    "Standing",
    "TopicsUnread",
    "checkouts_under_way",
    "collect_audits",
    "collect_ledgers",
    "collect_topics",
    "executable",
    "find_members",
    "last_lines",
    "read_member",
    "run_command",
    "standing_of",
]
