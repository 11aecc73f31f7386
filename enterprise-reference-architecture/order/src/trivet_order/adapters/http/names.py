"""What a participant's document says can be named at all.

An order's lines are whatever its customer wrote. What can be no item, no hold and no account is nobody's, and nobody is
asked for it: one such entry would have a whole batch refused, and what was never asked for needs no release.
"""

from __future__ import annotations

import re

from trivet_order.domain import Money, Seat

_ITEM = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SHOW = re.compile(r"[a-z0-9-]{1,64}")
_HOLD = re.compile(r"[A-Za-z0-9_:.-]{1,128}")
_ACCOUNT = re.compile(r"(?!external-)[a-z0-9][a-z0-9-]{0,63}")
_RESERVED = "batch"
_TOKEN_CHARACTERS_MAX = 64
_AMOUNT_MINOR_MAX = 10**12


def can_be_item(item_id: str) -> bool:
    """Whether Inventory can have such an item."""
    return _ITEM.fullmatch(item_id) is not None and item_id != _RESERVED


def can_be_hold(seat: Seat) -> bool:
    """Whether Reservation can have such a hold."""
    named = _SHOW.fullmatch(seat.show_id) is not None and _HOLD.fullmatch(seat.hold_id) is not None
    return named and _RESERVED not in {seat.show_id, seat.hold_id} and len(seat.token) <= _TOKEN_CHARACTERS_MAX


def can_be_charged(account_id: str, amount: Money) -> bool:
    """Whether the wallet can have such an account, and take so much at a time."""
    is_account = _ACCOUNT.fullmatch(account_id) is not None and account_id != _RESERVED
    return is_account and 1 <= amount.amount_minor <= _AMOUNT_MINOR_MAX
