"""The proof of the books: every promise of the ledger, looked at in all rows that could break it, at one moment.

Each rule is a statement of its own (``sql/audit/<name>.sql``) that returns a row for each thing that the rule speaks
of, with ``holds`` in it; judging is common to all. The statements are set-based, so that a ledger of any size is proven
by sorts and joins in the database, and no row of it comes here but the first offenders.

Which race: money moves while the books are read, and a sum of one moment beside a sum of another proves nothing. Why
this guard: all rules are judged in one REPEATABLE READ transaction, which sees the books as they were at its first
statement. If it were lost, right books would be called wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from trivet_chassis import Unavailable, WrongDatabase
from trivet_wallet.sql import statement

_JUDGE = statement("audit/judge")


@dataclass(frozen=True, slots=True)
class Rule:
    """A promise of the ledger; its statement has its name."""

    name: str
    sentence: str
    observes: str
    """What its statement returns a row of, in the plural."""


RULES: Sequence[Rule] = (
    Rule("balances", "an account's row and pending entries are the sum of its postings", "accounts"),
    Rule("pending", "a pending entry is a posting to a hot account that its row does not hold", "entries"),
    Rule("currencies", "all accounts of a currency sum to 0, and take no other", "currencies"),
    Rule("transactions", "a transaction has two postings or more, which sum to 0 in each currency", "transactions"),
    Rule("versions", "postings to a row follow one another: versions grow, balances continue", "postings"),
    Rule("overdrafts", "nobody but the world outside spends more than he has", "accounts"),
    Rule("holds", "an account holds what its authorised charges ask for", "accounts"),
    Rule("charges", "a charge gives back no more than it took, and takes no more than it asked for", "charges"),
    Rule("captures", "a charge took what its one capture brought to its merchant", "charges"),
    Rule("refunds", "a charge gave back what its refunds brought to its customer", "charges"),
    Rule("voids", "a voided or declined charge took nothing", "charges"),
    Rule("operations", "an operation moved what it says, and nothing moved without one", "operations"),
)


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


def audit(connection: psycopg.Connection[Any]) -> Audit:
    """Judge the books by every rule, as they are at one moment.

    Args:
        connection: Outside of any transaction.

    Raises:
        WrongDatabase: There are no books in it.
        Unavailable: The database failed.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with connection.transaction():
            return Audit([_judged(connection, rule) for rule in RULES])
    except psycopg.errors.UndefinedTable as error:
        raise WrongDatabase("the database has no books yet: run trivet-wallet migrate") from error
    except psycopg.Error as error:
        raise Unavailable(f"the database failed: {error}", definite=True) from error


def _judged(connection: psycopg.Connection[Any], rule: Rule) -> Finding:
    query = sql.SQL(_JUDGE).format(rule=sql.SQL(statement(f"audit/{rule.name}")))
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101  - an aggregate has a row
    observed, offending, first = row
    offenders = [{name: value for name, value in offender.items() if name != "holds"} for offender in first]
    return Finding(rule, observed, offending, offenders)
