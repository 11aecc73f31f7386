"""Decides commands on a page, one after the other, and enters what is to be remembered of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from trivet_chassis import Answer, ServiceError, refusal, success
from trivet_wallet.books import Charge, ChargeName, Entry, Page
from trivet_wallet.ids import new_id
from trivet_wallet.services import Command, Decision, Facts, Touched
from trivet_wallet.services.charges import MakeCharge

Outcome: TypeAlias = Answer | ServiceError
"""What a command was told: what is stored under its key, or a refusal that speaks of this attempt alone."""


def touched_by(commands: Sequence[Command], charges: Mapping[ChargeName, Charge]) -> Touched:
    """Return the accounts of all commands; one about a charge that another makes here needs that charge's."""
    known = dict(charges)
    debited: set[str] = set()
    credited: set[str] = set()
    looks = any(command.finds_accounts_in_charge for command in commands)  # else nobody looks at a charge
    for command in commands:
        if looks and isinstance(command, MakeCharge):
            known.setdefault(command.charge_name, command.as_asked())
        touched = command.touches(_of(known, command))
        debited |= touched.debited
        credited |= touched.credited
    return Touched(frozenset(debited), frozenset(credited))


def _of(charges: Mapping[ChargeName, Charge], command: Command) -> Charge | None:
    return None if command.charge_name is None else charges.get(command.charge_name)


def meeting(commands: Sequence[Command], read: Page, names: Collection[tuple[str, ...]]) -> list[int]:
    """Return the places of the commands that need a row of these names, or a charge that one of them is about.

    Args:
        commands: In their order.
        read: What was read for them, before anything was decided: what a command needs is not what is left of it after.
        names: An account by its id alone, a charge by its subject and key.
    """
    needed = [_needs(command, read) for command in commands]
    met = {place for place, own in enumerate(needed) if not own.isdisjoint(names)}
    charges = {commands[place].charge_name for place in met} - {None}
    return [place for place, command in enumerate(commands) if place in met or command.charge_name in charges]


def _needs(command: Command, read: Page) -> set[tuple[str, ...]]:
    touched = command.touches(_of(read.charges, command))
    own: set[tuple[str, ...]] = {(account_id,) for account_id in touched.debited | touched.credited}
    return own if command.charge_name is None else own | {command.charge_name}


def enter(page: Page, command: Command) -> Outcome:
    """Decide one command on the page."""
    entry_id = new_id()
    facts = command.facts(_of(page.charges, command))
    try:
        decision = command.decide(page, entry_id)
    except ServiceError as error:
        if not error.kind.stored or command.request.key is None:
            return error
        answer = refusal(error)
        page.entries.append(_entry(entry_id, command, facts, answer, None, error.code))
        return answer
    answer = success(decision.status, dict(decision.body))
    page.entries.append(_entry(entry_id, command, facts, answer, decision, None))
    return answer


def _entry(
    entry_id: str, command: Command, facts: Facts, answer: Answer, decision: Decision | None, code: str | None
) -> Entry:
    request = command.request
    return Entry(
        id=entry_id,
        kind=command.kind,
        subject=request.subject,
        key=request.key,
        payload=request.payload.hex(),
        status=answer.status,
        code=code,
        body=answer.body.decode(),
        account_id=facts.account_id,
        counter_account_id=facts.counter_account_id,
        amount_minor=facts.amount_minor,
        charge_key=facts.charge_key,
        transaction_id=None if decision is None else decision.transaction_id,
        reason=facts.reason,
    )
