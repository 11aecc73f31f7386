"""What cannot have its effect is parked with its reason, what is behind it arrives, and a reader replays it later."""

from __future__ import annotations

import asyncio
import base64
import uuid

import httpx
from order_events import seeded, told
from projector_bench import Bench, events_of

from trivet_order.entrypoints.parked import printable

_FROM_THE_FUTURE = b'"version":99'
_READS_THE_FUTURE = """
import trivet_order.application.messages as messages
messages._READERS = {**messages._READERS, ("OrderCreated", 99): messages._READERS["OrderCreated", 1]}
"""


def test_poison_is_parked_with_its_reason_and_replayed_once_it_can_be_read(bench: Bench) -> None:
    messages = events_of(seeded(5), orders=6)
    late = next(message for message in messages if message.type == "OrderCreated")
    good = [message for message in messages if message is not late]
    unheard = late.body.replace(b'"version":1', _FROM_THE_FUTURE, 1)
    eaten = late.body.replace(b"OrderCreated", b"OrderEaten")
    nul = late.body.replace(str(late.event_id).encode(), str(uuid.uuid4()).encode())
    nul = nul.replace(b'"item_id":"item', b'"item_id":"\\u0000')
    poison = [b"no JSON", eaten, unheard, b"", None, b"[" * 900_000, nul, b'{"type":']

    program = bench.start()
    asyncio.run(bench.send(good[: len(good) // 2]))
    asyncio.run(bench.send_raw([(number % 3, b"key", value) for number, value in enumerate(poison)]))
    asyncio.run(bench.send(good[len(good) // 2 :]))
    bench.until(lambda: len(bench.parked()) == len(poison))
    bench.until_arrived(good)
    bench.until(lambda: not asyncio.run(bench.unsettled()))

    assert bench.written(messages) == told(good)
    parked = {value: reason for _, _, value, reason, _ in bench.parked()}
    assert set(parked) == set(poison)
    assert "nobody reads" in parked[eaten]
    assert "99" in parked[unheard]
    assert all(parked.values())
    bench.until(lambda: f"trivet_order_parked_records {len(poison)}.0" in _metrics(program.endpoints["url"]))

    _look_after(bench, unheard)
    assert bench.written(messages) == told(messages)


def _metrics(url: str) -> str:
    return httpx.get(f"{url}/metrics").text


def _look_after(bench: Bench, unheard: bytes) -> None:
    """Do as an operator does: list, show, replay in vain, replay with a reader, and discard."""
    listed = bench.command("parked", "list")["parked"]
    mine = [each for each in listed if each["topic"] == bench.topic]
    places = [f"{each['topic']}/{each['partition']}/{each['offset']}" for each in mine]
    shown = {place: bench.command("parked", "show", place) for place in places}
    (wanted,) = [place for place, each in shown.items() if _value(each) == unheard]
    others = [place for place in places if place != wanted]

    refused = bench.command("parked", "replay", wanted, status=1)["replayed"]
    assert refused[wanted].startswith("refused: ")
    replayed = bench.mutated_command(_READS_THE_FUTURE, "parked", "replay", "--all", status=1)["replayed"]
    assert replayed[wanted] == "replayed"
    assert all(replayed[place].startswith("refused: ") for place in others)
    again = bench.command("parked", "replay", wanted)["replayed"]
    assert again == {wanted: "was replayed before"}

    gone = bench.command("parked", "discard", others[0])
    assert _value(gone) == _value(shown[others[0]])
    bench.command("parked", "show", others[0], status=1)
    bench.command("parked", "show", "nowhere", status=2)
    left = bench.command("parked", "list", "--after", wanted.rpartition("/")[0] + "/0")["parked"]
    assert all(each["partition"] >= int(wanted.split("/")[1]) for each in left if each["topic"] == bench.topic)


def _value(shown: dict[str, str | None]) -> bytes | None:
    return None if shown["value"] is None else base64.b64decode(shown["value"])


def test_what_a_stranger_wrote_commands_no_terminal() -> None:
    assert printable("fine\nä☂ \x1b[2J\r\x9b") == "fine\nä☂ \\x1b[2J\\r\\x9b"
