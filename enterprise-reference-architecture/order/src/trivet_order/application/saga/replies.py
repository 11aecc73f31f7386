"""What participants answer. What is not one of the definite answers decides nothing: the command is sent again."""

from __future__ import annotations

from dataclasses import dataclass

from trivet_order.domain import Money


@dataclass(frozen=True, slots=True)
class Held:
    """To HoldStock and PinSeats: everything is pinned; ``prices`` of the lines, in the command's order."""

    prices: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """To HoldStock and PinSeats: the participant decided, for good, that this order cannot have them.

    ``code`` is the problem's (``out-of-stock``, ``hold-expired``, ``already-held``, ``not-found`` …).
    """

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sold:
    """To ConfirmStock and ConfirmSeats."""


@dataclass(frozen=True, slots=True)
class Released:
    """To ReleaseStock and ReleaseSeats: nothing is held, and a late hold or pin is refused."""


@dataclass(frozen=True, slots=True)
class Captured:
    """To Charge, and to Void of a charge that was captured before: so much was taken."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Declined:
    """To Charge: the wallet decided, for good, that it takes nothing under this key."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Voided:
    """To Void: nothing is taken, nor ever will be. To Charge: a void came before it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """This attempt certainly had no effect, and repeating it would be told the same; nothing is stored of it.

    It speaks of this attempt alone: an earlier one of the same key may have had its effect.
    """

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody knows what happened, or the participant cannot say now: a timeout, a cut line, 429, 500, 503.

    ``retry_after_s`` is what the participant asked for (``Retry-After``), if it did. ``definite`` says that this
    attempt certainly had no effect.
    """

    error: str
    definite: bool = False
    retry_after_s: float | None = None


Reply = Held | Refused | Sold | Released | Captured | Declined | Voided | Rejected | NoAnswer
