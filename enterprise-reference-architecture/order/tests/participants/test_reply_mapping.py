"""Every status and code of the table of problems, to every command: what of it decides, and what is no answer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from asked_participants import (
    COMMANDS,
    Counter,
    Entry,
    answer_to,
    ask,
    batch,
    charge,
    hold_stock,
    pin_seats,
    problem,
    seats_over,
    silent,
    stock_over,
    wallet_over,
    whole,
)

from trivet_order.adapters.http.client import Response
from trivet_order.application.saga import (
    Captured,
    Declined,
    Held,
    NoAnswer,
    Refused,
    Rejected,
    Released,
    Sold,
    Voided,
)
from trivet_order.domain import Money

TABLE = json.loads((Path(__file__).parents[4] / "contracts" / "problems.json").read_text())["problems"]
CODES = [each["code"] for each in TABLE]
NOT_NOW = {each["code"] for each in TABLE if each["retryable"]} | {"unauthenticated"}
STATED = {each["code"]: each["definite"] for each in TABLE}
EITHER = ["hold-expired", "hold-released", "too-late", "already-held", "not-found"]
# What each command makes of a code that is not "not now"; whatever is not named is Rejected.
DECIDES: dict[str, dict[str, type]] = {
    "hold stock": dict.fromkeys([*EITHER, "out-of-stock"], Refused),
    "pin seats": dict.fromkeys([*EITHER, "forbidden"], Refused),
    "release seats": {"not-found": Released},
    "charge": {"insufficient-funds": Declined, "charge-voided": Voided},
    "void": {"already-captured": Captured},
}
TAKEN = {"state": "captured", "captured_minor": 4900, "currency": "EUR"}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", COMMANDS)
async def test_a_code_decides_or_is_no_answer(name: str, code: str) -> None:
    more = TAKEN if code == "already-captured" else {}
    reply = await ask(name, lambda entries: batch([answer_to(entry, code, **more) for entry in entries]))
    expected = NoAnswer if code in NOT_NOW else DECIDES.get(name, {}).get(code, Rejected)
    assert type(reply) is expected
    match reply:
        case Refused() | Rejected() | Declined():
            assert (reply.code, reply.reason) == (code, f"so: {code}")
        case Captured():
            assert reply.amount == Money(4900, "EUR")
        case NoAnswer():
            assert reply.definite is (STATED[code] is True)


@pytest.mark.parametrize("said", [True, False, None, "true"])
@pytest.mark.parametrize("name", COMMANDS)
async def test_an_outage_is_as_definite_as_it_says(name: str, said: object) -> None:
    reply = await ask(
        name, lambda entries: batch([answer_to(entry, "unavailable", definite=said) for entry in entries])
    )
    assert reply == NoAnswer("503 unavailable: so: unavailable", definite=said is True)


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("hold stock", Held((Money(5000, "EUR"), Money(900, "EUR")))),
        ("confirm stock", Sold()),
        ("release stock", Released()),
        ("pin seats", Held((Money(9900, "EUR"), Money(9900, "EUR")))),
        ("confirm seats", Sold()),
        ("release seats", Released()),
        ("charge", Captured(Money(4900, "EUR"))),
        ("void", Voided()),
    ],
)
async def test_what_is_done_is_told_with_what_it_costs(name: str, reply: Any) -> None:
    assert await ask(name, lambda entries: batch([answer_to(entry) for entry in entries])) == reply


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", COMMANDS)
async def test_a_refusal_of_a_whole_request_rejects_what_is_wrong_in_it_and_decides_nothing_else(
    name: str, code: str
) -> None:
    reply = await ask(name, lambda _: whole(code, 3))
    in_it = {"invalid-request", "payload-too-large", "idempotency-key-reuse"}
    assert type(reply) is (Rejected if code in in_it else NoAnswer)
    if isinstance(reply, NoAnswer) and code in NOT_NOW:
        assert reply.retry_after_s == 3
    if code in {"unauthenticated", "forbidden", "not-found", "rate-limited"}:
        assert reply.definite, "nobody looked at the entries"


STATUSES = [200, 204, 301, 400, 402, 403, 404, 409, 413, 418, 500, 502, 503, 504]
BODIES = [b"", b"<html>", b"[]", b"{}", b'{"code": "nonsense"}', b'{"code": 7}', b"\xff"]


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_whole_answer_without_a_code_of_the_table_is_no_answer(name: str) -> None:
    for status, body in itertools.product(STATUSES, BODIES):
        told = Response(status, body, None)
        reply = await ask(name, lambda _, told=told: told)
        assert isinstance(reply, NoAnswer), (status, body)
        assert not reply.definite, (status, body)


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_code_under_another_status_is_no_answer(name: str) -> None:
    def answers(entries: Sequence[Entry]) -> Response:
        return batch([answer_to(entry, "not-found") | {"status": 409} for entry in entries])

    assert isinstance(await ask(name, answers), NoAnswer)


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_lost_answer_is_unknown(name: str) -> None:
    assert await ask(name, silent) == NoAnswer("no answer within 1.000 s", definite=False)


async def test_a_detail_is_one_printable_line_of_bounded_length() -> None:
    reply = await ask(
        "charge", lambda entries: batch([answer_to(entries[0], "insufficient-funds", detail="a\nb\x00" + "é" * 999)])
    )
    assert isinstance(reply, Declined)
    assert reply.reason.startswith("a b é")
    assert reply.reason.isprintable()
    assert len(reply.reason) == 200


# ── A hold and its pin ────────────────────────────────────────────────────────────────────────────────────────────

HOLD_AND_PIN = [
    (None, None, Held),
    (None, "hold-expired", Refused),
    (None, "unavailable", NoAnswer),
    (None, "invalid-request", Rejected),
    ("out-of-stock", "not-found", Refused),
    ("out-of-stock", "unavailable", Refused),
    ("idempotency-key-reuse", "not-found", Rejected),
    ("hold-released", "hold-released", Refused),
    # The hold is not known to be there, so that its pin found none says nothing.
    ("unavailable", "not-found", NoAnswer),
    ("lock-busy", "hold-expired", NoAnswer),
    # An earlier attempt made the pin: it is there, whatever its hold is told now.
    ("unavailable", None, Held),
    ("lock-busy", None, Held),
]


@pytest.mark.parametrize(("held", "pinned", "expected"), HOLD_AND_PIN)
async def test_a_hold_and_its_pin_are_one_reply(held: str | None, pinned: str | None, expected: type) -> None:
    def answers(entries: Sequence[Entry]) -> Response:
        assert [entry["op"] for entry in entries] == ["hold", "pin"]
        return batch([answer_to(entry, code) for entry, code in zip(entries, (held, pinned), strict=True)])

    reply = await ask("hold stock", answers)
    assert type(reply) is expected
    if isinstance(reply, Refused):
        assert reply.code == (held or pinned)


# ── Several seats ─────────────────────────────────────────────────────────────────────────────────────────────────

SEATS_TOLD = [
    ("pin seats", (None, "already-held"), Refused),
    ("pin seats", ("unavailable", "already-held"), Refused),
    ("pin seats", ("unavailable", "invalid-request"), Rejected),
    ("pin seats", ("invalid-request", "already-held"), Refused),
    ("pin seats", (None, "unavailable"), NoAnswer),
    ("confirm seats", (None, "unavailable"), NoAnswer),
    ("confirm seats", ("hold-expired", "unavailable"), NoAnswer),
    ("confirm seats", (None, "hold-expired"), Rejected),
    ("release seats", (None, "unavailable"), NoAnswer),
    ("release seats", ("too-late", "unavailable"), NoAnswer),
    ("release seats", (None, "too-late"), Rejected),
    ("release seats", (None, "not-found"), Released),
]


@pytest.mark.parametrize(("name", "codes", "expected"), SEATS_TOLD)
async def test_the_holds_of_an_order_are_one_reply(name: str, codes: tuple[str | None, ...], expected: type) -> None:
    def answers(entries: Sequence[Entry]) -> Response:
        return batch([answer_to(entry, code) for entry, code in zip(entries, codes, strict=True)])

    assert type(await ask(name, answers)) is expected


# ── What cannot be, and the right one to ask ──────────────────────────────────────────────────────────────────────


async def test_each_command_of_a_batch_has_its_own_reply() -> None:
    codes = {"umbrella": None, "gone": "out-of-stock", "slow": "unavailable"}
    orders = [uuid4() for _ in range(3)]
    refused = dict(zip(map(str, orders), codes.values(), strict=True))

    def answers(entries: Sequence[Entry]) -> Response:
        return batch([answer_to(entry, refused[entry["id"].partition(":")[0]]) for entry in entries])

    replies = await stock_over(Counter(answers)).send([hold_stock(each) for each in orders])
    assert [type(reply) for reply in replies] == [Held, Refused, NoAnswer]


async def test_a_void_of_what_was_captured_and_does_not_say_how_much_is_no_answer() -> None:
    reply = await ask("void", lambda entries: batch([answer_to(entries[0], "already-captured")]))
    assert isinstance(reply, NoAnswer)


@pytest.mark.parametrize("state", ["authorised", "declined", "voided", None])
async def test_a_charge_that_took_nothing_is_no_success(state: str | None) -> None:
    body = {"state": state, "captured_minor": 0, "currency": "EUR"}
    reply = await ask("charge", lambda entries: batch([answer_to(entries[0]) | {"body": body}]))
    assert isinstance(reply, NoAnswer)


@pytest.mark.parametrize(
    ("over", "command"),
    [(stock_over, charge(uuid4())), (seats_over, hold_stock(uuid4())), (wallet_over, pin_seats(uuid4()))],
)
async def test_a_command_for_another_participant_is_a_defect(over: Any, command: Any) -> None:
    with pytest.raises(TypeError, match="is another participant's"):
        await over(Counter()).send([command])


def test_the_table_is_the_contract() -> None:
    assert {problem(code)["status"] for code in CODES} >= {400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503}
    assert {"request-in-flight", "lock-busy", "internal", "unavailable", "writes-fenced"} <= NOT_NOW
