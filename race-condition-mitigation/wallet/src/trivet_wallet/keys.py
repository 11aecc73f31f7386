"""Idempotency keys in PostgreSQL: claiming them, and finding what was decided under them.

Which race: two requests with one key at the same time, on two replicas. Why this guard: the first takes a
transaction-level advisory lock on (subject, operation, key); the second fails to take it and is told that the first is
in flight. The lock ends with the transaction, so no crash strands it, and the look-up after it runs in a statement of
its own, whose snapshot sees what the former holder committed. If the lock were lost, the unique constraint on (subject,
operation, key) would still refuse the second.
"""

from __future__ import annotations

from collections.abc import Sequence

from trivet_chassis import Answer, KeyedRequest, RequestInFlight, StoredAnswer
from trivet_locks import advisory_key
from trivet_wallet.ledger.kinds import OperationKind
from trivet_wallet.services import Command
from trivet_wallet.session import Reply, Session
from trivet_wallet.sql import statement

_CLAIM = statement("claim_keys")
_FIND = statement("find_entries")
Name = tuple[str, str, str]
"""An operation's subject, kind and key, which are unique together."""


def name_of(request: KeyedRequest) -> Name:
    """Return the name under which an operation is remembered."""
    return request.subject, str(request.operation), str(request.key)


class Claim:
    """The commands' keys, asked for and looked up in one round trip, the look-up after the locks."""

    def __init__(self, session: Session, commands: Sequence[Command]) -> None:
        """Make this transaction the only one that works on the keys, and ask what was decided under them.

        A command that excludes its charge takes the lock of that charge's key too, so that no charge under it is being
        made. Locks are tried and never waited for, so no order of them can lock two transactions up.
        """
        keyed = [command for command in commands if command.request.key is not None]
        self._locked = [(name_of(command.request), name) for command in keyed for name in _locks(command)]
        self._claimed: Reply | None = None
        self._found: Reply | None = None
        if keyed:
            locks = [advisory_key("wallet.idempotency", *name) for _, name in self._locked]
            subjects, kinds, keys = zip(*(name_of(command.request) for command in keyed), strict=True)
            self._claimed = session.say(_CLAIM, {"locks": locks})
            self._found = session.say(_FIND, {"subjects": list(subjects), "kinds": list(kinds), "keys": list(keys)})

    def in_flight(self) -> dict[Name, RequestInFlight]:
        """Return a refusal for each command whose key somebody else works on."""
        if self._claimed is None:
            return {}
        taken = {ordinal for ordinal, is_ours in self._claimed.rows() if not is_ours}
        return {
            name: RequestInFlight("another request with this key has not ended yet")
            for ordinal, (name, _) in enumerate(self._locked, 1)
            if ordinal in taken
        }

    def stored(self) -> dict[Name, StoredAnswer]:
        """Return what was decided, by the names of those commands of which something was."""
        if self._found is None:
            return {}
        return {
            (subject, kind, key): StoredAnswer(bytes(payload), Answer(status, body.encode()))
            for subject, kind, key, payload, status, body in self._found.rows()
        }


def _locks(command: Command) -> list[Name]:
    own = name_of(command.request)
    if not command.excludes_charge or command.charge_name is None:
        return [own]
    subject, key = command.charge_name
    return list({own, (subject, str(OperationKind.CHARGE), key)})


def make_durable(session: Session) -> None:
    """Write a record of one's own, where nothing but a stored answer is repeated.

    A row is visible as soon as its transaction ended *here*; with synchronous standbys that may be before they have it
    (a cancelled wait). An acknowledgement from such a row would be a promise that a failover breaks, so a replay
    commits a WAL record, which cannot be acknowledged before everything ahead of it.
    """
    session.say("SELECT pg_logical_emit_message(true, 'trivet.replay', '')")
