"""Whether a record is a message of ours, whatever a stranger may have written into the topic."""

from __future__ import annotations

from trivet_order.application.messages import Message, UnreadableMessage, read
from trivet_order.application.projecting.ports import Record

RECORD_BYTES_MAX = 256 * 1024
"""The longest body that is read. The longest of ours, twenty lines with the longest ids, has some 10 KiB."""


def message_in(record: Record) -> Message:
    """Return the message that a record carries.

    Raises:
        UnreadableMessage: it carries none. A reader that falls over what it reads says so too, whatever it fell over: a
            record that ends the projector would end it again at every start, and nothing behind it would ever arrive.
    """
    if not record.value:
        raise UnreadableMessage("the record is empty")
    if len(record.value) > RECORD_BYTES_MAX:
        raise UnreadableMessage(f"the record has {len(record.value)} bytes, and {RECORD_BYTES_MAX} are read")
    try:
        return read(record.value)
    except UnreadableMessage:
        raise
    except Exception as error:
        raise UnreadableMessage(f"its reader failed: {type(error).__name__}: {error}") from error
