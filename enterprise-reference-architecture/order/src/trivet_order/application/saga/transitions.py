"""The checkout as a table: in which state what may happen, and what follows from it. Data, and one pure function.

Nothing is replayed: a saga that was written by an older release is a row of this table still, or it is nothing that
anybody can act on, which a test of the table would show before the release.

**The pivot** is the wallet's commit of the charge, of which the saga may not know yet. So from the moment at which a
charge was recorded as the next step, neither a customer's wish nor a deadline takes anything back by itself: both lead
to a void, whose answer says which came first. Behind the pivot (``CONFIRMING``) every way leads forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from trivet_order.application.saga.events import SagaEvent
from trivet_order.application.saga.states import ENDS, SagaState
from trivet_order.domain import IllegalTransition, Outcome, Step

BEGIN = (Step.BEGIN, "Begin Saga")
RESERVE = (Step.RESERVE, "Inventory Service OK")
REQUEST_PAYMENT = (Step.REQUEST_PAYMENT, "Request Payment")
PAY = (Step.PAY, "Payment Sucess (Saga Complete)")
CANCEL = (Step.CANCEL, "Order Cancelled")


@dataclass(frozen=True, slots=True)
class Row:
    """In ``state``, on ``event``: the saga is in ``next``, whose commands (``asking.py``) are sent then.

    ``label`` is what people call it. ``moves`` are the steps that the order takes in the same write, each with its own
    label. ``again`` says that the state's commands are to be sent once more, later.
    """

    state: SagaState
    event: SagaEvent
    next: SagaState
    label: str
    moves: tuple[tuple[Step, str], ...] = ()
    again: bool = False


_S, _E = SagaState, SagaEvent


def _rows_of_retries(state: SagaState) -> tuple[Row, ...]:
    return (
        Row(state, _E.NO_ANSWER, state, "No Answer (Retry)", again=True),
        Row(state, _E.PUT_OFF, state, "Not Asked (Retry)", again=True),
    )


def _rows_of_operators(state: SagaState) -> tuple[Row, ...]:
    return (Row(state, _E.PARKED, state, "Parked (Alarm)"), Row(state, _E.RESUMED, state, "Resumed by an Operator"))


TABLE: tuple[Row, ...] = (
    Row(_S.CREATED, _E.BEGUN, _S.HOLDING, "Begin Saga", (BEGIN,)),
    Row(_S.CREATED, _E.CANCEL_WISHED, _S.CANCELLED, "Cancelled by the Customer", (CANCEL,)),
    Row(_S.CREATED, _E.DEADLINE, _S.CANCELLED, "Too Late to Begin", (CANCEL,)),
    Row(_S.HOLDING, _E.HELD, _S.CHARGING, "Inventory Service OK, Request Payment", (RESERVE, REQUEST_PAYMENT)),
    Row(_S.HOLDING, _E.FREE, _S.CONFIRMING, "Nothing to Pay", (RESERVE, REQUEST_PAYMENT)),
    Row(_S.HOLDING, _E.REFUSED, _S.RELEASING, "Insufficient Stock (Compensation)"),
    Row(_S.HOLDING, _E.UNFIT, _S.RELEASING, "Prices Unfit (Compensation)"),
    Row(_S.HOLDING, _E.CANCEL_WISHED, _S.RELEASING, "Cancelled by the Customer (Compensation)"),
    Row(_S.HOLDING, _E.DEADLINE, _S.RELEASING, "Hold Too Slow (Compensation)"),
    *_rows_of_retries(_S.HOLDING),
    Row(_S.CHARGING, _E.CHARGED, _S.CONFIRMING, "Charge Captured (Pivot)"),
    Row(_S.CHARGING, _E.DECLINED, _S.RELEASING, "Payment Failed (Release Inventory)"),
    Row(_S.CHARGING, _E.VOIDED, _S.RELEASING, "Payment Voided (Release Inventory)"),
    Row(_S.CHARGING, _E.REJECTED, _S.VOIDING, "Payment Rejected (Void)"),
    Row(_S.CHARGING, _E.UNFIT, _S.CHARGING, "Another Amount (Alarm)"),
    Row(_S.CHARGING, _E.CANCEL_WISHED, _S.VOIDING, "Cancelled by the Customer (Void)"),
    Row(_S.CHARGING, _E.DEADLINE, _S.VOIDING, "Payment Too Slow (Void)"),
    *_rows_of_retries(_S.CHARGING),
    Row(_S.VOIDING, _E.VOIDED, _S.RELEASING, "Payment Voided (Release Inventory)"),
    Row(_S.VOIDING, _E.ALREADY_CHARGED, _S.CONFIRMING, "Already Captured (Pivot)"),
    Row(_S.VOIDING, _E.UNFIT, _S.VOIDING, "Another Amount (Alarm)"),
    Row(_S.VOIDING, _E.REJECTED, _S.VOIDING, "Void Rejected (Retry)", again=True),
    *_rows_of_retries(_S.VOIDING),
    Row(_S.CONFIRMING, _E.SOLD, _S.CONFIRMED, "Payment Sucess (Saga Complete)", (PAY,)),
    Row(_S.CONFIRMING, _E.REJECTED, _S.CONFIRMING, "Sale Rejected (Retry)", again=True),
    *_rows_of_retries(_S.CONFIRMING),
    Row(_S.RELEASING, _E.RELEASED, _S.CANCELLED, "Inventory Released", (CANCEL,)),
    Row(_S.RELEASING, _E.REJECTED, _S.RELEASING, "Release Rejected (Retry)", again=True),
    *_rows_of_retries(_S.RELEASING),
    *(row for state in _S if state not in ENDS for row in _rows_of_operators(state)),
)
"""Everything that ever happens to a checkout."""

TOO_LATE = frozenset(
    (state, event) for state in (_S.CONFIRMING, _S.CONFIRMED) for event in (_E.CANCEL_WISHED, _E.DEADLINE)
)
"""Behind the pivot: these are heard, and change nothing."""

_ROWS: Mapping[tuple[SagaState, SagaEvent], Row] = MappingProxyType({(row.state, row.event): row for row in TABLE})
_REACHED = frozenset((row.next, row.event) for row in TABLE if row.next is not row.state)
_NOTHING = (_REACHED | TOO_LATE) - _ROWS.keys()


def transition(state: SagaState, event: SagaEvent) -> Row | Literal[Outcome.ALREADY_DONE]:
    """Return what follows from an event; "already done" if it has led there before, or comes too late to matter.

    Raises:
        IllegalTransition: it cannot happen in this state; a defect of whoever says that it did.
    """
    row = _ROWS.get((state, event))
    if row is not None:
        return row
    if (state, event) in _NOTHING:
        return Outcome.ALREADY_DONE
    raise IllegalTransition(event, state)


def leads(state: SagaState, event: SagaEvent) -> Row | None:
    """Return the row of an event if it changes anything; None if it is done, too late, or impossible here."""
    return _ROWS.get((state, event))
