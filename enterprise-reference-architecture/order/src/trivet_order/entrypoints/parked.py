"""``trivet-order parked``: what an operator does with records that could not have their effect."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import cyclopts
from cyclopts import Parameter

from trivet_order.adapters.sqlalchemy.projections import SqlAlchemyProjections
from trivet_order.application import DataRefused, StoreUnavailable, UnreadableMessage
from trivet_order.application.projecting import (
    DiscardParkedUseCase,
    NotParked,
    ParkedRecord,
    Place,
    ReplayParkedUseCase,
)
from trivet_order.bootstrap import build_parked
from trivet_order.domain import Outcome
from trivet_order.settings import settings_from_environment

PAGE_MAX = 1000
T = TypeVar("T")
Json = Annotated[bool, Parameter(name="--json")]
parked = cyclopts.App(name="parked", help="Look after records that could not have their effect.")


@parked.command(name="list")
def list_parked(*, after: str | None = None, limit: int = 100, json_: Json = False) -> None:
    """List parked records in the order of their places.

    Parameters
    ----------
    after
        The place to go on from: topic/partition/offset.
    limit
        How many at most, 1000 and fewer.
    json_
        One JSON object on stdout.
    """
    behind = None if after is None else _place(after)

    async def page(units: SqlAlchemyProjections) -> list[ParkedRecord]:
        async with units.open() as unit:
            return list(await unit.parked.page(behind, min(limit, PAGE_MAX)))

    found = _run(page)
    if json_:
        _say(json.dumps({"parked": [_told(each) for each in found]}, indent=2))
        return
    for each in found:
        state = "waits" if each.replayed_at is None else "replayed"
        _say(f"{each.record.place}  {each.parked_at:%Y-%m-%dT%H:%M:%SZ}  {state}  {printable(each.reason)}")
    if not found:
        _say("nothing is parked", error=True)


@parked.command
def show(place: str, *, json_: Json = False) -> None:
    """Show one parked record, its value as it was sent.

    Parameters
    ----------
    place
        topic/partition/offset.
    json_
        One JSON object on stdout, key, value and headers in base64.
    """
    wanted = _place(place)

    async def find(units: SqlAlchemyProjections) -> ParkedRecord:
        async with units.open() as unit:
            found = await unit.parked.find(wanted)
        if found is None:
            raise NotParked(wanted)
        return found

    _show(_run(find), json_=json_)


@parked.command
def replay(*places: str, every: Annotated[bool, Parameter(name="--all")] = False, json_: Json = False) -> None:
    """Give parked records their effect, if they can have it now.

    Parameters
    ----------
    places
        topic/partition/offset each.
    every
        All that wait.
    json_
        One JSON object on stdout.
    """
    named = [_place(place) for place in places]

    async def replay_all(units: SqlAlchemyProjections) -> dict[str, str]:
        use_case, said = ReplayParkedUseCase(units), {}
        for place in named + (await _waiting(units) if every else []):
            try:
                outcome = await use_case.execute(place)
            except (NotParked, UnreadableMessage, DataRefused) as refused:
                said[str(place)] = f"refused: {refused}"
            else:
                said[str(place)] = "replayed" if outcome is Outcome.DONE else "was replayed before"
        return said

    said = _run(replay_all)
    if json_:
        _say(json.dumps({"replayed": said}, indent=2))
    else:
        for place, sentence in said.items():
            _say(f"{place}  {sentence}")
    if any(sentence.startswith("refused") for sentence in said.values()):
        sys.exit(1)


@parked.command
def discard(place: str, *, json_: Json = False) -> None:
    """Give one parked record up for good, and print it: nobody else has it any more.

    Parameters
    ----------
    place
        topic/partition/offset.
    json_
        One JSON object on stdout, key, value and headers in base64.
    """
    wanted = _place(place)
    _show(_run(lambda units: DiscardParkedUseCase(units).execute(wanted)), json_=json_)


async def _waiting(units: SqlAlchemyProjections) -> list[Place]:
    """Return the place of every record that waits."""
    waiting: list[Place] = []
    last: Place | None = None
    while True:
        async with units.open() as unit:
            page = await unit.parked.page(last, PAGE_MAX)
        waiting += [each.record.place for each in page if each.replayed_at is None]
        if len(page) < PAGE_MAX:
            return waiting
        last = page[-1].record.place


def _run(work: Callable[[SqlAlchemyProjections], Awaitable[T]]) -> T:
    """Do the work on a database that is closed afterwards; exit 1 with a sentence if it cannot be done."""

    async def all_of_it() -> T:
        database, units = build_parked(settings_from_environment())
        try:
            return await work(units)
        finally:
            await database.close()

    try:
        return asyncio.run(all_of_it())
    except (NotParked, StoreUnavailable) as error:
        _say(f"✗ {error}", error=True)
        sys.exit(1)


def _place(text: str) -> Place:
    try:
        return Place.of(text)
    except ValueError:
        _say(f"✗ {text!r} is no place: write topic/partition/offset", error=True)
        sys.exit(2)


def _told(found: ParkedRecord) -> dict[str, Any]:
    record = found.record
    return {
        "topic": record.place.topic,
        "partition": record.place.partition,
        "offset": record.place.offset,
        "reason": found.reason,
        "parked_at": found.parked_at.isoformat(),
        "replayed_at": found.replayed_at and found.replayed_at.isoformat(),
        "bytes": len(record.value or b""),
    }


def _show(found: ParkedRecord, *, json_: bool) -> None:
    record = found.record
    if json_:
        whole = _told(found) | {
            "key": _base64(record.key),
            "value": _base64(record.value),
            "headers": [[name, _base64(value)] for name, value in record.headers],
        }
        _say(json.dumps(whole, indent=2))
        return
    for name, value in _told(found).items():
        _say(f"{name}: {printable(str(value))}", error=True)
    _say(printable((record.value or b"").decode(errors="backslashreplace")))


def printable(text: str) -> str:
    """Return a text as a terminal may show it: a stranger wrote it, and control characters are commands there."""
    return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _say(text: str, *, error: bool = False) -> None:
    print(text, file=sys.stderr if error else sys.stdout)
