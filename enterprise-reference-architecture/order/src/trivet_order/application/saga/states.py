"""Where a checkout stands. What everybody sees of it is its order's status; this is what the saga does about it."""

from __future__ import annotations

from enum import StrEnum


class SagaState(StrEnum):
    """What a saga waits for; a step that is begun is here before its command is sent."""

    CREATED = "created"
    """Nothing was begun."""
    HOLDING = "holding"
    """Every line is to be held and pinned for the order."""
    CHARGING = "charging"
    """The total is to be charged: the wallet's commit of it is the pivot, and the saga may not know of it yet."""
    VOIDING = "voiding"
    """A charge was sent and is not wanted any more, or cannot be made: its void decides which came first."""
    CONFIRMING = "confirming"
    """It is paid; what is pinned is to be sold. From here on only forward."""
    RELEASING = "releasing"
    """Nothing is charged, nor ever will be; what is held is to be released."""
    CONFIRMED = "confirmed"
    """The end of a sale."""
    CANCELLED = "cancelled"
    """The end without one: every release was acknowledged."""


ENDS = frozenset({SagaState.CONFIRMED, SagaState.CANCELLED})
"""Nothing leads out of these."""
