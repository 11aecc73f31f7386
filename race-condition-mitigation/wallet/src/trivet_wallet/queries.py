"""The reads of a page, said in Django's words and compiled once: what a strategy adds to them is how they lock."""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Q, QuerySet

from trivet_wallet import books
from trivet_wallet.books import ChargeName
from trivet_wallet.session import Reply, Session

_ACCOUNT = ("id", "kind", "currency", "hot", "row_minor", "held_minor", "version", "owner")
_CHARGE = (
    "id",
    "subject",
    "key",
    "customer_account_id",
    "merchant_account_id",
    "amount_minor",
    "currency",
    "state",
    "captured_minor",
    "refunded_minor",
    "version",
)


def _model(name: str) -> Any:
    """Return a model: it cannot be imported before Django is configured, which this module may be."""
    return apps.get_model("ledger", name)


def changing_accounts() -> QuerySet[Any, Any]:
    """Return the accounts whose rows may change, in the order in which everybody locks them.

    Its parameters are two lists of ids: those debited, and those credited, of which the hot ones are left out.
    """
    wanted = Q(pk__any=[]) | Q(pk__any=[], hot=False)
    rows: QuerySet[Any, Any] = _model("Account").objects.filter(wanted).order_by("id").values_list(*_ACCOUNT)
    return rows


def charges_by_key() -> QuerySet[Any, Any]:
    """Return subjects' charges, in the order in which everybody locks them.

    Its parameters are the list of subjects and the list of keys.
    """
    wanted = _model("Charge").objects.filter(subject__any=[]).filter(key__any=[])
    rows: QuerySet[Any, Any] = wanted.order_by("subject", "key").values_list(*_CHARGE)
    return rows


def charges_named(names: Collection[ChargeName]) -> list[list[str]]:
    """Return the parameters of ``charges_by_key``.

    Two subjects that use one key ask for four charges, of which two are nobody's here: locked for nothing, and left out
    where the answer is read.
    """
    subjects, keys = zip(*names, strict=True)
    return [list(subjects), list(keys)]


def unlocked_accounts(session: Session, ids: Collection[str]) -> Reply:
    """Ask for accounts whose rows do not change, as they are now."""
    return session.say(_unlocked(), [list(ids)])


@functools.cache
def _unlocked() -> str:
    return compiled(_model("Account").objects.filter(pk__any=[]).values_list(*_ACCOUNT))


def accounts(reply: Reply) -> list[books.Account]:
    """Return the accounts of an answer."""
    return [books.Account(*row) for row in reply.rows()]


def charges(reply: Reply) -> list[books.Charge]:
    """Return the charges of an answer."""
    return [books.Charge(*row) for row in reply.rows()]


def compiled(query: QuerySet[Any, Any]) -> str:
    """Return a query's statement, with ``%s`` for each parameter. Django compiles a lock in a transaction alone."""
    sql, _ = query.query.get_compiler(connection=connection).as_sql()
    return str(sql)
