"""What a database says when data cannot be stored, whoever brings it and however often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError

from trivet_order.application import DataRefused

# Data that its type cannot hold, that breaks a constraint, or that is more than a row or an index can take. What the
# driver itself cannot send is a ValueError.
_OF_THE_DATA = ("22", "23", "54")


@contextmanager
def data_refused() -> Iterator[None]:
    """Tell what the database or its driver cannot store as ours.

    Which race: none; but of an error that is taken for the data's fault the record is parked, and of one that is taken
    for the database's it is tried for ever. So only what certainly is the data's is told here. If a missing table were
    among it, a mistaken migration would park the whole topic, record by record.

    Raises:
        DataRefused: it never will be stored.
    """
    try:
        yield
    except DBAPIError as error:
        said = error.orig.__cause__ if error.orig is not None else None
        if _is_of_the_data(said):
            raise DataRefused(" ".join(str(said).split())) from error
        raise


@contextmanager
def statement_refused() -> Iterator[None]:
    """Tell the same of a statement on the driver itself, without the row that the server shows beside its sentence.

    Raises:
        DataRefused: it never will be stored.
    """
    try:
        yield
    except (asyncpg.PostgresError, ValueError) as error:
        if _is_of_the_data(error):
            raise DataRefused(" ".join(str(error.args[0] if error.args else error).split())) from error
        raise


def _is_of_the_data(said: BaseException | None) -> bool:
    state = getattr(said, "sqlstate", None)
    return isinstance(said, ValueError) or (state is not None and state.startswith(_OF_THE_DATA))
