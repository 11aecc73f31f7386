"""The moments of a purchase, a hold and a sweep at which a lab may make this process die, stand still or fail.

They are its crash matrix: each stands between two effects, so each has an answer of its own to *what does the same key
find afterwards?* They are reached in this order; the call is ``await failpoint(name)`` at the place itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FAILPOINTS: Mapping[str, str] = MappingProxyType(
    {
        "inventory.purchase.after_key_claim": "the key is this transaction's; nobody was asked for the item",
        "inventory.purchase.after_admission": "the item is this buyer's, under redlock with a fence; nothing was read",
        "inventory.purchase.after_read": "the stock was read, by redlock and naive; the lease is looked at once more",
        "inventory.purchase.before_write": "the last look at the lease was taken; the next word is the UPDATE",
        "inventory.purchase.before_commit": "everything is written and the lease still held; COMMIT was not sent",
        "inventory.purchase.after_commit": "the purchase lasts; nobody was told and the lock is still held",
        "inventory.purchase.before_reply": "the purchase lasts and the lock is free; nobody was told",
        "inventory.holds.after_lock": "the holds and items that the entries name are locked; nothing was written",
        "inventory.holds.before_commit": "everything is written; COMMIT was not sent",
        "inventory.holds.after_commit": "what was decided lasts; nobody was told",
        "inventory.holds.before_reply": "the same, and whoever asked is about to be told",
        "inventory.sweep.before_commit": "the units of expired holds are back; COMMIT was not sent",
        "inventory.sweep.after_commit": "they are back for good",
    }
)
