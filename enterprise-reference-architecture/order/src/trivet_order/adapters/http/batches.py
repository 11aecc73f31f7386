"""Entries of many orders, sent in as few requests as hold them, and what each entry was told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from trivet_order.adapters.http.answers import Answered, Unreadable, is_life, no_answer_of, read_batch, refusal_of
from trivet_order.adapters.http.bisecting import RefusedWhole, in_halves
from trivet_order.adapters.http.circuit import Circuit, CircuitOpen, Turn
from trivet_order.adapters.http.client import Client, Response, Unanswered
from trivet_order.application.saga import NoAnswer

Entry = Mapping[str, Any]
ENTRIES_MAX = 200
"""As the services' documents say."""
BODY_BYTES_MAX = 60 * 1024
"""Less than the 64 KiB that the services read."""
_REFUSED_WHOLE = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class _Group:
    """One command's entries, which stay together and in their order."""

    names: tuple[str, ...]
    entries: tuple[bytes, ...]

    @property
    def length(self) -> int:
        return sum(len(each) + 1 for each in self.entries)


class Batches:
    """One participant's route for batches.

    All that becomes of one call, halving included, is under one deadline: a batch that is in hand for longer than that
    does not exist, whatever the participant does.
    """

    def __init__(self, client: Client, url: str, named_by: str, circuit: Circuit, *, deadline_s: float) -> None:
        """Make one for a route whose entries are named by their ``id`` or their ``key``."""
        self._client = client
        self._url = url
        self._named_by = named_by
        self._circuit = circuit
        self._deadline_s = deadline_s

    def ready_in_s(self) -> float:
        """Return how long to wait before sending anything at all."""
        return self._circuit.ready_in_s()

    async def ask(self, asked: Sequence[Sequence[Entry]]) -> list[list[Answered]]:
        """Send the entries of many commands and return what each was told, command by command; it raises nothing."""
        until_s = asyncio.get_running_loop().time() + self._deadline_s
        groups = [self._group(entries) for entries in asked]
        packs = _packs([group for group in groups if group.entries])
        told = await asyncio.gather(*(self._pack(pack, until_s) for pack in packs))
        answered = iter([each for pack in told for each in pack])
        return [next(answered) if group.entries else [] for group in groups]

    def _group(self, entries: Sequence[Entry]) -> _Group:
        names = tuple(str(entry[self._named_by]) for entry in entries)
        return _Group(names, tuple(msgspec.json.encode(entry) for entry in entries))

    async def _pack(self, groups: Sequence[_Group], until_s: float) -> list[list[Answered]]:
        """Send groups in one request, or in halves if it is refused whole."""

        async def ask(some: Sequence[_Group]) -> list[list[Answered]]:
            return await self._once(some, until_s)

        found = await in_halves(ask, groups)
        return [
            [each.answered] * len(group.names) if isinstance(each, RefusedWhole) else each
            for group, each in zip(groups, found, strict=True)
        ]

    async def _once(self, groups: Sequence[_Group], until_s: float) -> list[list[Answered]]:
        """Send one request, in its turn of the circuit.

        Raises:
            RefusedWhole: the request was refused for something in it.
        """
        left_s = until_s - asyncio.get_running_loop().time()
        if left_s <= 0:
            return _all(groups, NoAnswer("the time was over before it was sent", definite=True))
        body = b'{"entries":[' + b",".join(entry for group in groups for entry in group.entries) + b"]}"
        try:
            with self._circuit.turn() as turn:
                return self._read(groups, await self._posted(turn, body, left_s), turn)
        except CircuitOpen as error:
            return _all(groups, NoAnswer(str(error), definite=True, retry_after_s=error.ready_in_s))
        except Unanswered as error:
            return _all(groups, NoAnswer(error.error, error.definite))
        except Unreadable as error:
            return _all(groups, NoAnswer(f"an answer that is none: {error}"))

    async def _posted(self, turn: Turn, body: bytes, left_s: float) -> Response:
        try:
            return await self._client.post(self._url, body, left_s)
        except Unanswered:
            turn.is_alive = False
            raise

    def _read(self, groups: Sequence[_Group], response: Response, turn: Turn) -> list[list[Answered]]:
        """Return what each entry was told, and tell the circuit whether anybody decided anything.

        Raises:
            Unreadable: nobody knows.
            RefusedWhole: the request was refused for something in it.
        """
        turn.is_alive = False
        if response.status == 200:
            told = read_batch(response.body, self._named_by, [name for group in groups for name in group.names])
            turn.is_alive = any(map(is_life, told))
            entries = iter([no_answer_of(each) or each for each in told])
            return [[next(entries) for _ in group.names] for group in groups]
        refused = refusal_of(response)
        no_answer = no_answer_of(refused, response.retry_after_s, is_whole=True)
        if response.status in _REFUSED_WHOLE:
            turn.is_alive = True
            raise RefusedWhole(no_answer or refused)
        return _all(groups, no_answer or NoAnswer(f"{refused.status} of a whole request"))


def _packs(groups: Sequence[_Group]) -> list[list[_Group]]:
    """Deal groups out to requests, in their order: as many as a request may have, and no more bytes than are read."""
    packs: list[list[_Group]] = []
    entries = length = 0
    for group in groups:
        entries += len(group.entries)
        length += group.length
        if not packs or entries > ENTRIES_MAX or length > BODY_BYTES_MAX:
            packs.append([])
            entries, length = len(group.entries), group.length
        packs[-1].append(group)
    return packs


def _all(groups: Sequence[_Group], answered: NoAnswer) -> list[list[Answered]]:
    return [[answered] * len(group.names) for group in groups]
