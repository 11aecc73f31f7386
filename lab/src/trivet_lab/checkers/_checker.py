"""What a checker is and what it answers."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, Protocol

from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import Batch
from trivet_lab.evidence import Verdict


@dataclasses.dataclass(frozen=True)
class Ruling:
    """What a checker concludes: a finding without its name and rule."""

    verdict: Verdict
    observed: str
    witness: list[dict[str, Any]] = dataclasses.field(default_factory=list)


class Checker(Protocol):
    """One rule over one variant: made once, fed the whole history in batches, then asked.

    The history is parsed once for all checkers, and a batch at a time, so that a checker's own loop is all that it
    costs. An operation does not outlive its batch unless a checker keeps it: keep its offset instead, and let the
    evidence read the line again for a witness. Whatever a checker raises makes its verdict *unknown*.
    """

    NAME: ClassVar[str]
    """The module's name."""
    RULE: ClassVar[str]
    """One sentence that must hold, for people."""

    def __init__(self, evidence: Evidence) -> None:
        """Load the ledgers that the rule needs; ``EvidenceError`` if they cannot carry it."""

    def read(self, batch: Batch) -> None:
        """Take in the next operations. A rule over ledgers alone need not override this."""

    def finish(self) -> Ruling:
        """Rule, after the last batch."""
        ...
