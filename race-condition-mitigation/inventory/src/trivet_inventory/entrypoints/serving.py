"""What the routes share: the process's objects, who asks, and the refusals that any of them may give."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from trivet_chassis.web import current_subject
from trivet_inventory.bootstrap import Inventory

GUARDED = ("unauthenticated", "forbidden")
BODIES = (*GUARDED, "invalid-request", "payload-too-large", "unsupported-media-type")
WRITES = (*GUARDED, "invalid-request", "request-in-flight", "payload-too-large", "unsupported-media-type")
LOAD = ("queue-full", "internal", "unavailable")
KEYED = ("idempotency-key-reuse", *LOAD)

Subject = Annotated[str, Depends(current_subject)]


def inventory_of(request: Request) -> Inventory:
    """Return the process's objects."""
    inventory: Inventory = request.app.state.inventory
    return inventory
