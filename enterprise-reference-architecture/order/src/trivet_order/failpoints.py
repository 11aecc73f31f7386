"""The moments at which a lab may make a process of this member die, stand still or fail: its crash matrix.

Each stands between two effects, so each has an answer of its own to *what is found afterwards?* Those of one process
are reached in the order in which they stand here; the call is ``await failpoint(name)`` at the place itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FAILPOINTS: Mapping[str, str] = MappingProxyType(
    {
        "order.create.after_key_claim": "the key is this transaction's; nothing was written",
        "order.create.before_commit": "the order, its event, its saga and its key are written; COMMIT was not sent",
        "order.create.after_commit": "the order lasts; its connection is not given back, and nobody was told",
        "order.create.before_reply": "the order lasts; nobody was told",
        "order.cancel.before_commit": "the order's end, or the wish for it, is written; COMMIT was not sent",
        "order.cancel.after_commit": "the order's end, or the wish for it, lasts; nobody was told",
        "order.relay.after_claim": "a batch was read from the shards that this relay leases; nothing was sent",
        "order.relay.before_send": "the batch is about to be handed to the producer",
        "order.relay.after_send": "the batch is with the producer; no acknowledgement was awaited",
        "order.relay.after_ack": "Kafka has every message of the batch; the outbox does not know",
        "order.relay.after_mark": "the outbox knows too",
        "order.saga.after_claim": "sagas were read from the shards that this worker leases; nothing was decided",
        "order.saga.before_record": "a step of many sagas is decided; nothing of it is written",
        "order.saga.after_record": "the step lasts, with its orders and events; the next commands were not sent",
        "order.saga.before_send": "commands of recorded steps are about to be handed to a participant",
        "order.saga.after_reply": "the participant has answered them; nothing was decided",
        "order.projector.after_poll": "a batch was read from Kafka; nothing was written",
        "order.projector.before_commit": "its effects are written; COMMIT was not sent",
        "order.projector.after_commit": "its effects last; Kafka does not know that the batch was read",
        "order.projector.after_offsets": "Kafka knows too",
    }
)
