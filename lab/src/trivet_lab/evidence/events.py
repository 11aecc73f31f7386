"""What services tell of themselves while they sell: ``events.jsonl``, taken out of their logs once they have ended.

A line is one event, named by its ``event``; ``process`` is who told it, by the name that every variant has for it, and
``_ns`` count from the variant's epoch. Services write CLOCK_MONOTONIC, which all processes of one machine share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

_MARK = b'"event":"lease '


class LeaseHeld(msgspec.Struct, frozen=True, tag_field="event", tag="lease held"):
    """A process began to use a lease: it drew this fence under it, and believes in it until ``until_ns``."""

    process: str
    resource: str
    fence: int
    held_ns: int
    until_ns: int


class LeaseOver(msgspec.Struct, frozen=True, tag_field="event", tag="lease over"):
    """It uses the lease no more, and releases it next. One that died or stood still to the end never says so."""

    process: str
    resource: str
    fence: int
    over_ns: int


Event = LeaseHeld | LeaseOver


class _Held(msgspec.Struct, tag_field="event", tag="lease held"):
    """The service's line; it has more fields than are kept."""

    resource: str
    fence: int
    held_ns: int
    until_ns: int


class _Over(msgspec.Struct, tag_field="event", tag="lease over"):
    resource: str
    fence: int
    over_ns: int


def collect_events(logs: Iterable[Path], epoch_ns: int, path: Path) -> None:
    """Write ``events.jsonl`` from the logs of processes that have ended, in order of time; no event, no file."""
    events = sorted((event for log in logs for event in _events_of(log, epoch_ns)), key=_at_ns)
    if events:
        draft = path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.Encoder().encode_lines(events))
        draft.replace(path)


def _events_of(log: Path, epoch_ns: int) -> Iterator[Event]:
    """Yield a log's events. What cannot be read is the last word of a process that was killed over it."""
    decode = msgspec.json.Decoder(_Held | _Over).decode
    with log.open("rb") as lines:
        for line in lines:
            if _MARK not in line:
                continue
            try:
                told = decode(line)
            except msgspec.DecodeError:
                continue
            if isinstance(told, _Held):
                held_ns, until_ns = told.held_ns - epoch_ns, told.until_ns - epoch_ns
                yield LeaseHeld(log.stem, told.resource, told.fence, held_ns, until_ns)
            else:
                yield LeaseOver(log.stem, told.resource, told.fence, told.over_ns - epoch_ns)


def _at_ns(event: Event) -> int:
    return event.held_ns if isinstance(event, LeaseHeld) else event.over_ns
