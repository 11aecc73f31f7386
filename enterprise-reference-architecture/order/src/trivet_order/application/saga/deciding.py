"""What the replies of one step mean together: one event. Pure, and of the order it reads the lines and the total.

A step may ask two participants at once. One that refuses decides, whatever the other says or does not say: what the
other holds is released by the same compensation. Otherwise one that does not answer decides: the step is repeated
whole, for its keys make that harmless. A reply that is none to its command is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from trivet_order.application.refusal_codes import refused_with
from trivet_order.application.saga.commands import Command, HoldStock
from trivet_order.application.saga.events import SagaEvent
from trivet_order.application.saga.replies import (
    Captured,
    Declined,
    Held,
    NoAnswer,
    Refused,
    Rejected,
    Released,
    Reply,
    Sold,
    Voided,
)
from trivet_order.application.saga.states import SagaState
from trivet_order.domain import InvalidOrder, Money, OrderAggregate, Stock, total


@dataclass(frozen=True, slots=True)
class Decision:
    """What happened, and what is told of it: ``detail`` to operators, and the code that it begins with to everybody.

    ``prices`` are those of the order's lines, in their order, where they are fixed. ``retry_after_s`` is how long a
    participant wants to be left alone.
    """

    event: SagaEvent
    detail: str | None = None
    prices: tuple[Money, ...] = ()
    retry_after_s: float = 0.0


def decide(state: SagaState, order: OrderAggregate, commands: Sequence[Command], replies: Sequence[Reply]) -> Decision:
    """Return what the replies to a state's commands mean, one reply a command."""
    if state is SagaState.HOLDING:
        return _holding(order, commands, replies)
    if state is SagaState.CHARGING or state is SagaState.VOIDING:
        return _money(state, order, replies[0])
    return _settling(SagaEvent.SOLD if state is SagaState.CONFIRMING else SagaEvent.RELEASED, replies)


def _holding(order: OrderAggregate, commands: Sequence[Command], replies: Sequence[Reply]) -> Decision:
    for reply in replies:
        if isinstance(reply, Refused | Rejected):
            return Decision(SagaEvent.REFUSED, _said(reply))
    for reply in replies:
        if not isinstance(reply, Held):
            return _unanswered(replies, Held)
    prices = _prices(order, commands, replies)
    if prices is None:
        return Decision(SagaEvent.UNFIT, "a hold has not one price a line")
    try:
        is_free = total(prices).amount_minor == 0
    except InvalidOrder as error:
        return Decision(SagaEvent.UNFIT, str(error))
    return Decision(SagaEvent.FREE if is_free else SagaEvent.HELD, None, prices)


def _prices(order: OrderAggregate, commands: Sequence[Command], replies: Sequence[Reply]) -> tuple[Money, ...] | None:
    """Return the lines' prices in the order's own order; None if a hold answers with more or fewer than its lines."""
    stock: tuple[Money, ...] = ()
    seats: tuple[Money, ...] = ()
    for command, reply in zip(commands, replies, strict=True):
        if isinstance(reply, Held):
            if isinstance(command, HoldStock):
                stock = reply.prices
            else:
                seats = reply.prices
    if not seats and len(stock) == len(order.items):
        return stock if all(isinstance(line.product, Stock) for line in order.items) else None
    are_stock = [isinstance(line.product, Stock) for line in order.items]
    if len(stock) != sum(are_stock) or len(seats) != len(are_stock) - sum(are_stock):
        return None
    from_stock, from_seats = iter(stock), iter(seats)
    return tuple(next(from_stock if is_stock else from_seats) for is_stock in are_stock)


def _money(state: SagaState, order: OrderAggregate, reply: Reply) -> Decision:
    if isinstance(reply, Captured):
        if reply.amount != order.total:
            return Decision(SagaEvent.UNFIT, f"{reply.amount} was taken for a total of {order.total}")
        return _CHARGED if state is SagaState.CHARGING else _ALREADY_CHARGED
    if isinstance(reply, Voided):
        return _VOIDED
    if isinstance(reply, Declined) and state is SagaState.CHARGING:
        return Decision(SagaEvent.DECLINED, _said(reply))
    if isinstance(reply, Rejected):
        return Decision(SagaEvent.REJECTED, _said(reply))
    return _unanswered((reply,), Captured)


def _settling(done: SagaEvent, replies: Sequence[Reply]) -> Decision:
    kind = Sold if done is SagaEvent.SOLD else Released
    if all(isinstance(reply, kind) for reply in replies):
        return _DONE[done]
    for reply in replies:
        if isinstance(reply, Refused | Rejected):
            return Decision(SagaEvent.REJECTED, _said(reply))
    return _unanswered(replies, kind)


def _unanswered(replies: Sequence[Reply], kind: type[Reply]) -> Decision:
    """Return that somebody did not answer; that it was put off, if it certainly had no effect wherever it went.

    ``retry_after_s`` is the longest that anybody asked for.
    """
    without = [reply for reply in replies if not isinstance(reply, kind)]
    missing = [reply for reply in without if isinstance(reply, NoAnswer)]
    detail = missing[0].error if missing else f"an answer to something else: {without[0]!r:.100}"
    was_put_off = len(missing) == len(without) and all(reply.definite for reply in missing)
    after_s = max((reply.retry_after_s or 0.0 for reply in missing), default=0.0)
    return Decision(SagaEvent.PUT_OFF if was_put_off else SagaEvent.NO_ANSWER, detail, retry_after_s=after_s)


def _said(reply: Refused | Rejected | Declined) -> str:
    return refused_with(reply.code, reply.reason)


_CHARGED = Decision(SagaEvent.CHARGED)
_ALREADY_CHARGED = Decision(SagaEvent.ALREADY_CHARGED)
_VOIDED = Decision(SagaEvent.VOIDED)
_DONE: Mapping[SagaEvent, Decision] = MappingProxyType(
    {SagaEvent.SOLD: Decision(SagaEvent.SOLD), SagaEvent.RELEASED: Decision(SagaEvent.RELEASED)}
)
