"""The proof of the books: every promise of the ledger, looked at in all rows that could break it, at one moment.

Each rule is a statement of its own (``sql/audit/<name>.sql``).

Which race: money moves while the books are read, and a sum of one moment beside a sum of another proves nothing. Why
this guard: all rules are judged in one REPEATABLE READ transaction, which sees the books as they were at its first
statement. If it were lost, right books would be called wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from trivet_chassis import Audit, Finding, Rule, Unavailable, WrongDatabase, finding_of, judging
from trivet_wallet.sql import statement

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
    query = judging(statement(f"audit/{rule.name}"))
    row = connection.execute(query.encode()).fetchone()
    assert row is not None  # noqa: S101  - an aggregate has a row
    return finding_of(rule, *row)
