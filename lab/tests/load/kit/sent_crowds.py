"""A small crowd that is sent to a counter in this process, and what there is to look at afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from aiohttp.test_utils import TestServer
from order_counter import OrderCounter
from small_crowds import small_crowd

from trivet_lab.evidence import Operation, VariantDirectory, read_history
from trivet_lab.load import Again, Phase, Summary
from trivet_lab.load.run import run

C = TypeVar("C", bound=OrderCounter)


class Sent(Generic[C]):
    """A crowd that was sent to one counter."""

    def __init__(self, counter: C, summary: Summary, history: Sequence[Operation]) -> None:
        self.counter = counter
        self.summary = summary
        self.history = history

    def of(self, f: str) -> list[Operation]:
        return [operation for operation in self.history if operation.f == f]

    def tokens(self) -> list[str]:
        """Return every token of a hold that the counter was shown."""
        return [line["token"] for body in self.counter.bodies for line in body["lines"] if "token" in line]


def send_to(counter: C, errand: Any, path: Path, *, rate_per_s: float, again: float) -> Sent[C]:
    """Send a crowd of less than a second; whoever asks shows their name as a token, and the budgets are nobody's."""

    async def scene() -> Sent[C]:
        async with TestServer(counter.app()) as server:
            plan = small_crowd(
                errand, path, url=str(server.make_url("/")).rstrip("/"), phases=[Phase("steady", rate_per_s, 0.8)],
                again=[Again(0.0, again)], drain_ms=60_000, timeout_ms=30_000, backoff_ms=1,
                lateness_budget_ms=60_000, cpu_budget=60,
            )  # fmt: skip
            names = {who: who for whose in plan.errand.subjects(plan).values() for who in whose}
            summary = await run(plan, names)
        return Sent(counter, summary, list(read_history(VariantDirectory(path).history)))

    return asyncio.run(scene())


def expect_no_secret(sent: Sent[Any], path: Path) -> None:
    """Fail if a token that was shown stands in a file that the crowd wrote, or none was shown."""
    written = b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())
    assert sent.tokens()
    assert not any(token.encode() in written for token in sent.tokens())
