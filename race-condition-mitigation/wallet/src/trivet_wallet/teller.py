"""Settles commands: one transaction claims their keys, reads, decides and writes, for one command or for many."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from django.db import transaction

from trivet_chassis import Answer, Internal, KeyedRequest, ServiceError, StoredAnswer, reach
from trivet_wallet import keys, queries
from trivet_wallet.books import Account, Page
from trivet_wallet.decide import Outcome, enter, meeting, touched_by
from trivet_wallet.errors import Met
from trivet_wallet.fold import fold
from trivet_wallet.keys import Name, name_of
from trivet_wallet.metrics import Metrics
from trivet_wallet.record import record
from trivet_wallet.services import Command, Touched
from trivet_wallet.session import Reply, Session
from trivet_wallet.strategies import Strategy
from trivet_wallet.transactions import DRIVER_ERRORS, UNIQUE_VIOLATION, Transactions, sqlstate

_log = structlog.get_logger("trivet.teller")


@dataclass(frozen=True)
class Call:
    """A command and the context of its request, in which it is decided: a refusal names its trace."""

    command: Command
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    @functools.cached_property
    def name(self) -> Name:
        """The command's subject, kind and key; without a key it is like no other call, and no key reads like this."""
        request = self.command.request
        return (
            name_of(request) if request.key is not None else (request.subject, str(request.operation), f"\0{id(self)}")
        )

    def enter(self, page: Page) -> Outcome:
        """Decide it on the page."""
        return self.context.run(enter, page, self.command)


T = TypeVar("T")
Decide = Callable[[Session, Sequence[Call]], dict[Name, T]]


class Teller:
    """Moves money by one strategy. No answer is given before the COMMIT that it tells of returned."""

    def __init__(self, transactions: Transactions, strategy: Strategy, metrics: Metrics) -> None:
        self._transactions = transactions
        self._strategy = strategy
        self._metrics = metrics

    def settle(self, command: Command) -> Answer:
        """Do what a command says, decline it, or repeat what its key was told.

        Raises:
            ServiceError: It was refused, or the database failed; ``definite`` says whether it may have been done.
        """
        [outcome] = self.settle_all([Call(command)])
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome

    def settle_all(self, calls: Sequence[Call]) -> list[Outcome]:
        """Do many commands in one transaction, in their order, and return what each was told.

        Their keys are all different. One that cannot be done fails alone; when the COMMIT is unknown, all of them are.

        Raises:
            ServiceError: None of them was done, or it is unknown of all.
        """
        decide = self._apart if len(calls) > 1 else self._decide
        try:
            outcomes = self._transactions.run(lambda session: self._settle(session, calls, decide))
            reach("wallet.movement.after_commit")
        except Exception as error:
            for call in calls:
                self._metrics.refused(call.command.kind, error)
            raise
        for call, outcome in zip(calls, outcomes, strict=True):
            self._metrics.settled(call.command.kind, outcome)
        return outcomes

    def settle_each(self, calls: Sequence[Call]) -> Iterator[tuple[Call, Outcome | Exception]]:
        """Do commands that have nothing to do with each other, together where that goes well; tell of each in time.

        Those that met another are done again without the others, who have their answer by then. A transaction that met
        another as a whole, or that the database refuses to write, is done again in halves: strangers are not to wait
        for, or to fail with, the one that was in the way.

        Yields:
            A call and what it was told, right after the transaction in which that was decided; each call once.
        """
        if len(calls) == 1:
            yield calls[0], self._alone(calls[0])
            return
        try:
            outcomes = self._transactions.once(lambda session: self._settle(session, calls, self._sparing))
            reach("wallet.movement.after_commit")
        except (Met, *DRIVER_ERRORS):
            middle = len(calls) // 2
            yield from self.settle_each(calls[:middle])
            yield from self.settle_each(calls[middle:])
            return
        except Exception as error:  # noqa: BLE001  - whatever it was, it is each one's answer
            for call in calls:
                self._metrics.refused(call.command.kind, error)
                yield call, error
            return
        met = []
        for call, outcome in zip(calls, outcomes, strict=True):
            if isinstance(outcome, Met):
                met.append(call)
            else:
                self._metrics.settled(call.command.kind, outcome)
                yield call, outcome
        if met:
            yield from self.settle_each(met)

    def _alone(self, call: Call) -> Outcome | Exception:
        try:
            [outcome] = self.settle_all([call])
        except Exception as error:  # noqa: BLE001  - the same
            return error
        return outcome

    def _settle(self, session: Session, calls: Sequence[Call], decide: Decide[T]) -> list[Outcome | T]:
        """Claim the keys, repeat what was decided under them, and decide the rest."""
        with session.together():
            claim = keys.Claim(session, [call.command for call in calls])
        reach("wallet.movement.after_key_claim")
        told: dict[Name, Outcome | T] = dict(claim.in_flight())
        stored = claim.stored()
        for call in calls:
            if call.name in stored and call.name not in told:
                told[call.name] = _repeated(stored[call.name], call.command.request)
        fresh = [call for call in calls if call.name not in told]
        if fresh:
            told |= decide(session, fresh)
        if stored:
            keys.make_durable(session)
        reach("wallet.movement.before_commit")
        return [told[call.name] for call in calls]

    def _apart(self, session: Session, calls: Sequence[Call]) -> dict[Name, Outcome]:
        """Decide commands of one transaction so that one which the database refuses to write fails alone.

        They are tried together under a savepoint; if that breaks, each half on its own, down to the one that is
        poisoned. Its answer is the defect's, 500, and nothing of it is in the books.
        """
        try:
            with transaction.atomic():
                return self._decide(session, calls)
        except DRIVER_ERRORS as error:
            if not _is_defect(error):
                raise
            if len(calls) == 1:
                _log.exception("poisoned entry", operation=calls[0].command.kind, key=calls[0].command.request.key)
                return {calls[0].name: Internal("the service failed in a way that it does not know")}
        middle = len(calls) // 2
        return self._apart(session, calls[:middle]) | self._apart(session, calls[middle:])

    def _decide(self, session: Session, calls: Sequence[Call]) -> dict[Name, Outcome]:
        """Read what the commands need, decide on it in their order, and write it."""
        page = self._read(session, [call.command for call in calls])
        reach("wallet.movement.after_read")
        told = {call.name: call.enter(page) for call in calls}
        if page.entries:
            reach("wallet.movement.before_write")
            record(session, self._strategy, page)
        return told

    def _sparing(self, session: Session, calls: Sequence[Call]) -> dict[Name, Outcome | Met]:
        """Decide commands of strangers as ``_decide``, but set those aside that met somebody, and do the others.

        Each is validated by itself (Kung and Robinson, *On Optimistic Methods for Concurrency Control*, TODS 1981): a
        row that somebody has changed spoils the commands that touch it, and those about the same charge, whose order is
        theirs to keep. The others are decided again, on what was read, as if those had not been there.
        """
        read = self._read(session, [call.command for call in calls])
        reach("wallet.movement.after_read")
        self._strategy.mark(session)
        told: dict[Name, Outcome | Met] = {}
        while True:
            page = read.copy()
            told |= {call.name: call.enter(page) for call in calls}
            if not page.entries:
                return told
            reach("wallet.movement.before_write")
            try:
                record(session, self._strategy, page)
            except Met as met:
                spoilt = {calls[place].name for place in meeting([call.command for call in calls], read, met.names)}
                if not 0 < len(spoilt) < len(calls) or not self._strategy.undo(session):
                    raise
                self._metrics.met(met.reason)
                told |= dict.fromkeys(spoilt, met)
                calls = [call for call in calls if call.name not in spoilt]
            else:
                return told

    def _read(self, session: Session, commands: Sequence[Command]) -> Page:
        """Return the page that the commands are decided on: charges first, then accounts in the order of their ids.

        That is the order in which everybody locks. Where no command finds its accounts in its charge, both are asked
        for together.
        """
        named = {command.charge_name for command in commands if command.charge_name is not None}
        if any(command.finds_accounts_in_charge for command in commands):
            charges = queries.charges(self._strategy.read_charges(session, named))
            touched = touched_by(commands, {charge.name: charge for charge in charges})
            return Page(self._accounts(session, touched, self._ask(session, touched)), charges)
        touched = touched_by(commands, {})
        with session.together():
            asked = self._strategy.read_charges(session, named) if named else None
            accounts = self._ask(session, touched)
        return Page(self._accounts(session, touched, accounts), queries.charges(asked) if asked else [])

    def _ask(self, session: Session, touched: Touched) -> Reply | None:
        if not touched.debited and not touched.credited:
            return None
        return self._strategy.read_accounts(session, touched.debited, touched.credited)

    def _accounts(self, session: Session, touched: Touched, asked: Reply | None) -> list[Account]:
        """Return the accounts that were asked for, and those hot ones that are only appended to."""
        accounts = queries.accounts(asked) if asked else []
        hot = {account.id for account in accounts if account.hot}
        if hot:  # a debit has to know the whole balance
            fold(session, sorted(hot))
        cold = [account for account in accounts if not account.hot]
        others = (touched.debited | touched.credited) - {account.id for account in cold}
        unlocked = queries.accounts(queries.unlocked_accounts(session, others)) if others else []
        for account in unlocked:
            account.folded = account.id in hot
        return [*cold, *unlocked]


def _repeated(stored: StoredAnswer, request: KeyedRequest) -> Outcome:
    try:
        return stored.repeated_to(request)
    except ServiceError as error:
        return error


def _is_defect(error: Exception) -> bool:
    """Whether the database refused what it was given, rather than failed or met somebody."""
    state = sqlstate(error)
    return state.startswith(("22", "23")) and state != UNIQUE_VIOLATION
