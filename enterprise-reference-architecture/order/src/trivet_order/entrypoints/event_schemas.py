"""The shape of each event in each of its versions, as JSON Schema: what a reader may rely on.

A version that was told once stays here for ever, beside its reader in ``application/messages.py``. Readers must let a
property pass that they do not know: one may be added within a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from trivet_order.domain.money import AMOUNT_MINOR_MAX
from trivet_order.domain.order import LINES_MAX
from trivet_order.domain.order_line import QUANTITY_MAX
from trivet_order.domain.text import TEXT_CHARACTERS_MAX

Schema = dict[str, Any]

INSTANT_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$"
TRACEPARENT_PATTERN = "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"


def an_object(properties: Mapping[str, Schema], **more: object) -> Schema:
    """Return the schema of an object that has at least these properties."""
    return {"type": "object", "required": sorted(properties), "properties": dict(properties), **more}


_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": TEXT_CHARACTERS_MAX}
_QUANTITY: Schema = {"type": "integer", "minimum": 1, "maximum": QUANTITY_MAX}
_MONEY = an_object(
    {
        "amount_minor": {"type": "integer", "minimum": 0, "maximum": AMOUNT_MINOR_MAX},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    },
    description="In the currency's minor units",
)
_STOCK_LINE = an_object({"item_id": _TEXT, "quantity": _QUANTITY}, title="Units of an item")
_SEAT_LINE = an_object({"show_id": _TEXT, "hold_id": _TEXT, "quantity": {"const": 1}}, title="What a hold holds")


def _lines(of: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "maxItems": LINES_MAX, "items": of}


_NOTHING = an_object({})
DATA: Mapping[tuple[str, int], tuple[str, Schema]] = MappingProxyType(
    {
        ("OrderCreated", 1): (
            "A customer ordered these lines, to be paid from that account",
            an_object(
                {"customer_id": _TEXT, "account_id": _TEXT, "lines": _lines({"oneOf": [_STOCK_LINE, _SEAT_LINE]})}
            ),
        ),
        ("InventoryRequested", 1): ("Every line is to be held", _NOTHING),
        ("InventoryReserved", 1): (
            "Every line is held for this order; the prices, one a line in their order, are fixed",
            an_object({"prices": _lines(_MONEY), "total": _MONEY}),
        ),
        ("PaymentRequested", 1): ("The total is to be charged", an_object({"total": _MONEY})),
        ("OrderConfirmed", 1): ("It is paid; what was held is the customer's", an_object({"total": _MONEY})),
        ("CancellationRequested", 1): ("The customer does not want it any more", _NOTHING),
        ("OrderCancelled", 1): (
            "It ended without a sale, and nothing of it is held any more",
            an_object({"reason": _TEXT}),
        ),
    }
)
"""What each type and version says, in a sentence, and what its ``data`` has."""


def schema_of(kind: str, version: int) -> Schema:
    """Return the schema of a whole event."""
    sentence, data = DATA[kind, version]
    return an_object(
        {
            "type": {"const": kind},
            "version": {"const": version},
            "event_id": {"type": "string", "format": "uuid", "description": "The same in every copy of the event"},
            "aggregate_id": {"type": "string", "format": "uuid", "description": "The order"},
            "aggregate_version": {
                "type": "integer",
                "minimum": 1,
                "description": "Which of the order's events it is, without a gap from 1 on",
            },
            "occurred_on": {"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN},
            "traceparent": {
                "description": "The W3C trace context in which it happened, if there was one",
                "oneOf": [{"type": "null"}, {"type": "string", "pattern": TRACEPARENT_PATTERN}],
            },
            "data": data,
        },
        description=sentence,
    )
