"""Tells the audit log of a movement, whoever asked for it and on which face."""

from __future__ import annotations

from trivet_chassis import Answer, tell_movement
from trivet_wallet.services import Command


def tell(command: Command, answer: Answer) -> None:
    """Tell what somebody was told of a movement."""
    asked, facts = command.request, command.facts(None)
    tell_movement(
        asked.subject,
        str(asked.operation),
        asked.key,
        answer.status,
        account_id=facts.account_id,
        counter_account_id=facts.counter_account_id,
        amount_minor=facts.amount_minor,
        charge_key=facts.charge_key,
        replayed=answer.replayed,
    )
