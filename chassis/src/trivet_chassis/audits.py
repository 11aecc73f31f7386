"""What proves a service's own books: rules that must hold of every row, and what each of them found.

A rule is a statement that returns a row for each thing that the rule speaks of, with ``holds`` in it; judging is common
to all. The statements are set-based, so that books of any size are proven by sorts and joins in the database, and no
row of it comes here but the first offenders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_JUDGE = """\
-- How many a rule looked at, how many offend against it, and the first of those.
WITH looked AS ({rule})
SELECT count(*), count(*) FILTER (WHERE holds IS NOT TRUE),
    (SELECT coalesce(json_agg(an_offender), '[]')
    FROM (SELECT * FROM looked WHERE holds IS NOT TRUE ORDER BY 1, 2 LIMIT 5) AS an_offender)
FROM looked
"""


def judging(statement: str) -> str:
    """Return the statement that judges by a rule's own: how many it looked at, how many offend, and the first."""
    return _JUDGE.replace("{rule}", statement)


@dataclass(frozen=True, slots=True)
class Rule:
    """A promise; its statement has its name."""

    name: str
    sentence: str
    observes: str
    """What its statement returns a row of, in the plural."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found; ``offenders`` are the first of ``offending`` rows."""

    rule: Rule
    observed: int
    offending: int
    offenders: Sequence[Mapping[str, Any]]

    @property
    def proven(self) -> bool:
        """Whether nothing offends."""
        return self.offending == 0


@dataclass(frozen=True, slots=True)
class Audit:
    """What all rules found of one moment."""

    findings: Sequence[Finding]

    @property
    def proven(self) -> bool:
        """Whether every rule holds."""
        return all(finding.proven for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return it for a machine."""
        rules = [
            {
                "name": finding.rule.name,
                "rule": finding.rule.sentence,
                "observed": finding.observed,
                "proven": finding.proven,
                "offenders": list(finding.offenders),
            }
            for finding in self.findings
        ]
        return {"proven": self.proven, "rules": rules}

    def lines(self) -> list[str]:
        """Return it for a person, a line a rule, and a line an offender below."""
        lines = []
        for finding in self.findings:
            many = f"{finding.observed:,} {finding.rule.observes}"
            if finding.proven:
                lines.append(f"✓ {finding.rule.name:<12} {finding.rule.sentence} ({many})")
                continue
            lines.append(f"✗ {finding.rule.name:<12} not so: {finding.rule.sentence} ({finding.offending:,} of {many})")
            lines += [f"    {_shown(offender)}" for offender in finding.offenders]
            if finding.offending > len(finding.offenders):
                lines.append(f"    … and {finding.offending - len(finding.offenders):,} more")
        return lines


def _shown(offender: Mapping[str, Any]) -> str:
    return "  ".join(f"{name} {'–' if value is None else value}" for name, value in offender.items())


def finding_of(rule: Rule, observed: int, offending: int, first: Sequence[Mapping[str, Any]]) -> Finding:
    """Return what the row of :func:`judging` says of a rule."""
    offenders = [{name: value for name, value in offender.items() if name != "holds"} for offender in first]
    return Finding(rule, observed, offending, offenders)
