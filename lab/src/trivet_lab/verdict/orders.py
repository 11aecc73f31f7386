"""Counts what was ordered and what of it was not told, from the ledgers and the topic alone: no verdict."""

from __future__ import annotations

import msgspec

from trivet_lab.evidence import Record, VariantDirectory

TOPIC = "order.events"


class _Event(msgspec.Struct):
    event_id: str


class _Order(msgspec.Struct):
    order_id: str


def count_orders(directory: VariantDirectory) -> dict[str, int]:
    """Return ``ordered`` and ``untold``: orders in the books, and committed events that are not in the topic.

    Nothing if a ledger or the topic is missing or damaged: a figure of half of it would be a wrong one, and what became
    of the evidence is for the checkers to say.
    """
    try:
        return _count(directory)
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _count(directory: VariantDirectory) -> dict[str, int]:
    order, event = msgspec.json.Decoder(_Order), msgspec.json.Decoder(_Event)
    record = msgspec.json.Decoder(Record)
    with directory.ledger("order.orders").open("rb") as lines:
        ordered = {row.order_id for row in map(order.decode, lines)}
    with directory.ledger("order.outbox").open("rb") as lines:
        committed = {row.event_id for row in map(event.decode, lines)}
    with directory.topic(TOPIC).open("rb") as lines:
        told = {row.header("event-id") for row in map(record.decode, lines)}
    return {"ordered": len(ordered), "untold": len(committed - told)}
