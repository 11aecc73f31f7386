"""The answer is lost as it begins: whoever was asked has done it, and whoever asked cannot know."""

from __future__ import annotations

from typing import ClassVar

from trivet_lab.faults._link_fault import LinkFault
from trivet_platform import Link


class CutAnswer(LinkFault):
    """Lets every request through and cuts the connection at the first byte of its answer, until it is healed.

    On the link of a service to another's door it is what ``cut_after_commit`` is on one to PostgreSQL: a service
    answers when it has committed. So an effect is there for each answer that was cut.
    """

    NAME: ClassVar[str] = "cut_answer"
    PROVES: ClassVar[str] = (
        "A reply that never came is neither a yes nor a no: the same key asks again, and finds what was decided."
    )
    COUNT: ClassVar[str] = "matched"
    DID: ClassVar[str] = "answers cut as they began"
    PATIENCE_S: ClassVar[float | None] = None

    def break_link(self, link: Link) -> None:
        """Cut answers."""
        link.cut_answer()
