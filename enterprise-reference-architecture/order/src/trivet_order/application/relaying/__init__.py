"""From the outbox to the topic: claim, send, await every acknowledgement, mark."""

from .held_shards import (
    LOOKS_A_LEASE,
    HeldShards,
)
from .ports import (
    Backlog,
    Claimed,
    Failure,
    Fate,
    Lease,
    MessageSenderPort,
    OutboxPort,
    RelayObserverPort,
    RelayPace,
    RelayTimePort,
    SendOutcome,
    ShardLeasesPort,
)
from .relay import (
    ERROR_CHARACTERS_MAX,
    Relay,
    in_turn,
)

__all__ = [
    "ERROR_CHARACTERS_MAX",
    "LOOKS_A_LEASE",
    "Backlog",
    "Claimed",
    "Failure",
    "Fate",
    "HeldShards",
    "Lease",
    "MessageSenderPort",
    "OutboxPort",
    "Relay",
    "RelayObserverPort",
    "RelayPace",
    "RelayTimePort",
    "SendOutcome",
    "ShardLeasesPort",
    "in_turn",
]
