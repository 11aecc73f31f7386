"""Ids of what the ledger adds: random, but in the order of time (UUIDv7, RFC 9562 §5.7).

A row whose id is wholly random goes anywhere in its index: each touches another page, and the first change of a page
after a checkpoint is written to the log whole. In the order of time new rows share the last page. Only speed hangs on
the order: a clock that jumps leaves the ids as unique as they were.
"""

from __future__ import annotations

import uuid

import uuid_utils
import uuid_utils.compat


def new_uuid() -> uuid.UUID:
    """Return an id that nobody had."""
    return uuid_utils.compat.uuid7()


def new_id() -> str:
    """Return one as text."""
    return str(uuid_utils.uuid7())
