"""From the outbox to the topic: claim, send, await every acknowledgement, mark."""

from .ports import (
    Backlog,
    Claimed,
    Failure,
    Fate,
    MessageSenderPort,
    OutboxPort,
    RelayObserverPort,
    RelayPace,
    SendOutcome,
)
from .relay import (
    ERROR_CHARACTERS_MAX,
    Relay,
    in_turn,
)

__all__ = [
    "ERROR_CHARACTERS_MAX",
    "Backlog",
    "Claimed",
    "Failure",
    "Fate",
    "MessageSenderPort",
    "OutboxPort",
    "Relay",
    "RelayObserverPort",
    "RelayPace",
    "SendOutcome",
    "in_turn",
]
