"""Whether the crowd was sent as planned: a generator that is late or out of breath measures itself."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from trivet_lab.checkers._checker import Checker, Ruling
from trivet_lab.checkers._evidence import Evidence
from trivet_lab.checkers._history import EvidenceError


class _Summary(msgspec.Struct, frozen=True):
    """What this rule needs of ``load.json``."""

    over_budget: list[str]
    interrupted: bool = False
    lateness_ms: Any = None
    cpu_share: float | None = None


class GeneratorOnTime(Checker):
    """Believes the generator's own budget: it knows what was due when, and what it cost."""

    NAME: ClassVar[str] = "generator_on_time"
    RULE: ClassVar[str] = "The load generator sent its whole crowd within its budgets of lateness and processor time."

    def __init__(self, evidence: Evidence) -> None:
        """Read what the generator says of itself."""
        path = evidence.directory.load
        try:
            self._summary = msgspec.json.decode(path.read_bytes(), type=_Summary)
        except FileNotFoundError as error:
            raise EvidenceError(f"{path.name} is missing: the load generator did not end in order") from error
        except msgspec.DecodeError as error:
            raise EvidenceError(f"{path.name} is damaged: {error}") from error

    def finish(self) -> Ruling:
        """Rule: over budget or interrupted is unknown, since what was measured may be the generator."""
        summary = self._summary
        observed = _describe(summary)
        reasons = ["it was interrupted"] * summary.interrupted + summary.over_budget
        if reasons:
            return Ruling("unknown", "; ".join([*reasons, observed]))
        return Ruling("valid", observed)


def _describe(summary: _Summary) -> str:
    lateness = summary.lateness_ms
    if isinstance(lateness, dict):
        lateness = ", ".join(f"{name} {value:g}" for name, value in lateness.items() if isinstance(value, int | float))
    cpu = "unknown" if summary.cpu_share is None else f"{summary.cpu_share:.0%} of a core"
    return f"lateness in ms: {lateness}; processor: {cpu}"
