"""A worker of checkouts as it is shipped, whose participants are in the test's process: its port is the argument."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields

from remote_participants import RemoteParticipant

from trivet_order.application.saga import Participants
from trivet_order.bootstrap import Checkouts, build_checkouts
from trivet_order.entrypoints.saga_worker import serve_checkouts
from trivet_order.settings import settings_from_environment

PORT = int(sys.argv[1])


@dataclass(frozen=True)
class RemoteCheckouts(Checkouts):
    @asynccontextmanager
    async def participants(self) -> AsyncIterator[Participants]:
        yield Participants(*(RemoteParticipant(side, PORT) for side in ("stock", "seats", "wallet")))


built = build_checkouts(settings_from_environment())
serve_checkouts(RemoteCheckouts(**{field.name: getattr(built, field.name) for field in fields(Checkouts)}))
