"""Tells the audit log of a movement, whoever asked for it and on which face."""

from __future__ import annotations

from trivet_chassis import Answer, ServiceError, tell_movement
from trivet_wallet.services import Command


def tell(command: Command, outcome: Answer | ServiceError) -> None:
    """Tell what somebody was told of a movement; of one whose outcome is unknown that it has no status yet.

    A refusal that certainly moved nothing is told with its status and code, as an entry of a batch has no answer of its
    own that would tell it.
    """
    asked, facts = command.request, command.facts(None)
    tell_movement(
        asked.subject,
        str(asked.operation),
        asked.key,
        _status(outcome),
        account_id=facts.account_id,
        counter_account_id=facts.counter_account_id,
        amount_minor=facts.amount_minor,
        charge_key=facts.charge_key,
        replayed=isinstance(outcome, Answer) and outcome.replayed,
        code=outcome.code if isinstance(outcome, ServiceError) else None,
    )


def _status(outcome: Answer | ServiceError) -> int | None:
    if isinstance(outcome, ServiceError):
        return outcome.kind.status if outcome.definite else None
    return outcome.status
