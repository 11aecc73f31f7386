"""What the lab knows of a service: its ``member.toml``, and its own books."""

from trivet_lab.members.ledgers import collect_ledgers
from trivet_lab.members.member import Member, MemberError, Process, find_members, read_member

__all__ = ["Member", "MemberError", "Process", "collect_ledgers", "find_members", "read_member"]
