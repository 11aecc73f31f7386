"""What impostors were told, and what is in the books in their name, is found; a lost answer proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from trivet_lab.checkers import check_variant

FORBIDDEN = (403, {"code": "forbidden"})
RULE = "impostors_get_nothing"


@pytest.fixture
def besieged(bank: Any) -> Any:
    """Return a right history in which impostors were turned away, each in another way."""
    for key, kind, status, code in [
        ("a1", "imitated", 403, "forbidden"),
        ("a2", "forged: unsigned", 401, "unauthenticated"),
        ("a3", "batched", 404, "not-found"),
    ]:
        bank.tell("attack", key, {"attack": kind}, (status, {"code": code}), (300, 310))
    return bank


def ruled(bank: Any) -> tuple[str, str]:
    bank.write()
    [finding] = check_variant(bank.directory, [RULE])
    return finding.verdict, finding.observed


def test_who_was_turned_away_got_nothing(besieged: Any) -> None:
    verdict, observed = ruled(besieged)
    assert verdict == "valid"
    assert observed == "3 attacks turned away: 1 batched, 1 forged: unsigned, 1 imitated"


def test_where_nobody_attacked_nothing_is_shown(bank: Any) -> None:
    assert ruled(bank)[0] == "unknown"


NO_ANSWERS = [
    (0, "cut"),
    (503, "unavailable"),
    (429, "rate-limited"),
    (408, "unreadable"),
    (409, "request-in-flight"),
]


@pytest.mark.parametrize(("status", "code"), NO_ANSWERS)
def test_what_speaks_of_one_attempt_alone_lets_nobody_in(besieged: Any, status: int, code: str) -> None:
    besieged.tell("attack", "a4", {"attack": "imitated"}, None, (320, 330, status, code))
    assert ruled(besieged)[0] == "valid"


@pytest.mark.parametrize(("status", "code"), NO_ANSWERS)
def test_a_kind_that_was_never_answered_was_not_tried(besieged: Any, status: int, code: str) -> None:
    """However many of the other kinds were turned away: each tries another guard."""
    besieged.tell("attack", "a4", {"attack": "replayed"}, None, (320, 330, status, code))
    assert ruled(besieged) == ("unknown", "no attack of these kinds was answered: replayed")


def test_who_was_let_in_is_found_though_another_kind_was_never_answered(besieged: Any) -> None:
    besieged.tell("attack", "a4", {"attack": "replayed"}, None, (320, 330, 0, "cut"))
    besieged.tell("attack", "a5", {"attack": "read"}, (200, {}), (340, 350))
    assert ruled(besieged)[0] == "invalid"


@pytest.mark.parametrize(
    ("status", "code"),
    [(201, None), (200, None), (402, "insufficient-funds"), (409, "already-captured"), (422, "idempotency-key-reuse")],
)
def test_whatever_else_they_are_told_is_another_s(besieged: Any, status: int, code: str | None) -> None:
    """A stored refusal is an answer too: it says what somebody else was told."""
    besieged.tell("attack", "a4", {"attack": "replayed"}, (status, {"code": code}), (320, 330))
    verdict, observed = ruled(besieged)
    assert verdict == "invalid"
    assert f"replayed, was told {status}" in observed


def test_what_was_decided_in_their_name_is_found_though_nobody_heard_of_it(besieged: Any) -> None:
    besieged.row("t1")["subject"] = "mallory"
    verdict, observed = ruled(besieged)
    assert verdict == "invalid"
    assert "a transfer of mallory's was decided" in observed


def test_that_their_account_was_opened_is_no_gain(besieged: Any) -> None:
    besieged.wallet.rows["operations"][0] |= {"kind": "open", "subject": "mallory"}
    assert ruled(besieged)[0] == "valid"


def test_a_coin_that_came_to_them_is_found(besieged: Any) -> None:
    besieged.postings("t1")[1]["account_id"] = "mallory"
    verdict, observed = ruled(besieged)
    assert verdict == "invalid"
    assert "came to mallory" in observed
