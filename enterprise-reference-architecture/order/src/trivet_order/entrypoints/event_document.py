"""The AsyncAPI document of the order's events: which topic, which key, which headers, and each event's schema."""

from __future__ import annotations

from typing import Any

from trivet_order.adapters.kafka.publisher import TOPIC
from trivet_order.adapters.kafka.topics import PARTITIONS
from trivet_order.entrypoints.event_schemas import DATA, TRACEPARENT_PATTERN, an_object, schema_of

_PROMISE = (
    "Every event of an order that was committed is published at least once, to the partition of its order's id. Of an "
    "order, after copies with the same event_id are counted once where they came first, aggregate_version is 1, 2, 3 "
    "and so on without a gap. A reader remembers the event_id of what it has done, in the transaction that did it."
)


def event_document() -> dict[str, Any]:
    """Return the document, AsyncAPI 3."""
    names = {key: f"{key[0]}.v{key[1]}" for key in DATA}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Trivet order events", "version": "1", "description": _PROMISE},
        "defaultContentType": "application/json",
        "channels": {
            "orderEvents": {
                "address": TOPIC,
                "description": "What happened to orders",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names.values()},
                "bindings": {"kafka": {"topic": TOPIC, "partitions": PARTITIONS, "bindingVersion": "0.5.0"}},
            }
        },
        "operations": {
            "publishOrderEvents": {
                "action": "send",
                "channel": {"$ref": "#/channels/orderEvents"},
                "summary": "The relay publishes what the outbox has",
                "messages": [{"$ref": f"#/channels/orderEvents/messages/{name}"} for name in names.values()],
            }
        },
        "components": {
            "messages": {
                name: {
                    "name": kind,
                    "title": f"{kind}, version {version}",
                    "summary": DATA[kind, version][0],
                    "headers": _headers(kind),
                    "payload": schema_of(kind, version),
                    "bindings": {
                        "kafka": {
                            "key": {"type": "string", "format": "uuid", "description": "The order's id"},
                            "bindingVersion": "0.5.0",
                        }
                    },
                }
                for (kind, version), name in names.items()
            }
        },
    }


def _headers(kind: str) -> dict[str, Any]:
    headers = an_object({"event-id": {"type": "string", "format": "uuid"}, "type": {"const": kind}})
    headers["properties"]["traceparent"] = {"type": "string", "pattern": TRACEPARENT_PATTERN}
    return headers
