"""The moments of a movement of money at which a lab may make this process die, stand still or fail: its crash matrix.

They are the same for every operation, single or in a batch, and are reached in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FAILPOINTS: Mapping[str, str] = MappingProxyType(
    {
        "wallet.movement.after_key_claim": "the keys are this transaction's and were looked up; nothing else was read",
        "wallet.movement.after_read": "the accounts were read, under select_for_update locked; nothing is decided",
        "wallet.movement.before_write": "everything is decided; the next word writes it",
        "wallet.movement.before_commit": "everything is written; COMMIT was not sent",
        "wallet.movement.after_commit": "the movement lasts; nobody was told",
        "wallet.movement.before_reply": "the answer is made; the next word is the caller's",
    }
)
