"""How one attempt ended."""

from __future__ import annotations

from typing import Any

import msgspec

from trivet_lab.evidence import Attempt


class Reply(msgspec.Struct, frozen=True):
    """How an attempt ended: what the history keeps, the body if it was a JSON object, and when to come again."""

    attempt: Attempt
    body: dict[str, Any] | None = None
    retry_after_s: float | None = None
