"""What can become of a charge: its transitions as data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from trivet_chassis import ServiceError
from trivet_wallet.errors import AlreadyCaptured, ChargeVoided, RefundExceedsCapture
from trivet_wallet.ledger.kinds import ChargeState


class ChargeEvent(StrEnum):
    """What is asked of a charge that is there."""

    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"


_S, _E = ChargeState, ChargeEvent
_TRANSITIONS: Mapping[tuple[ChargeState, ChargeEvent], ChargeState | type[ServiceError]] = MappingProxyType(
    {
        (_S.AUTHORISED, _E.CAPTURE): _S.CAPTURED,
        (_S.AUTHORISED, _E.REFUND): RefundExceedsCapture,
        (_S.AUTHORISED, _E.VOID): _S.VOIDED,
        (_S.CAPTURED, _E.CAPTURE): AlreadyCaptured,
        (_S.CAPTURED, _E.REFUND): _S.CAPTURED,
        (_S.CAPTURED, _E.VOID): AlreadyCaptured,
        (_S.DECLINED, _E.CAPTURE): ChargeVoided,
        (_S.DECLINED, _E.REFUND): RefundExceedsCapture,
        (_S.DECLINED, _E.VOID): _S.DECLINED,  # done: nothing is held, and nothing can be captured later
        (_S.VOIDED, _E.CAPTURE): ChargeVoided,
        (_S.VOIDED, _E.REFUND): RefundExceedsCapture,
        (_S.VOIDED, _E.VOID): _S.VOIDED,
    }
)


def after(state: ChargeState, event: ChargeEvent, key: str, **told: Any) -> ChargeState:
    """Return the state that follows; ``told`` is said beside the state in a refusal.

    Raises:
        AlreadyCaptured, ChargeVoided, RefundExceedsCapture: It cannot; decided, and stored under the caller's key.
    """
    found = _TRANSITIONS[state, event]
    if isinstance(found, ChargeState):
        return found
    raise found(f"the charge {key} is {state}: no {event} is possible", charge_key=key, state=str(state), **told)
