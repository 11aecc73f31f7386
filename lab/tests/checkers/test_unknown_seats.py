"""Where the evidence does not carry a rule over seats the verdict is unknown, and says why; never green."""

import pytest

OVER_LEDGERS = {
    "no_lost_confirm",
    "no_phantom_confirm",
    "nothing_held_at_rest",
    "refused_holds_legal",
    "seat_fences_grow",
    "seat_sold_once",
    "settlements_consistent",
    "tombstones_refuse",
}
OVER_FAULTS = {
    "expired_stays_over",
    "holds_exclusive",
    "no_defects",
    "one_answer_a_hold",
    "refused_holds_legal",
    "tombstones_refuse",
}


def unknown(findings):
    assert all(finding.verdict != "invalid" for finding in findings.values())
    return {name: finding.observed for name, finding in findings.items() if finding.verdict == "unknown"}


def test_without_a_history_everything_is_unknown(hall, seat_rules):
    hall.write()
    hall.directory.history.unlink()
    assert unknown(hall.findings()) == dict.fromkeys(seat_rules, "history.jsonl is missing")


@pytest.mark.parametrize("name", ["shows", "taken", "settlements"])
def test_a_missing_ledger_is_unknown_to_every_rule_over_ledgers(hall, name):
    hall.write()
    hall.directory.ledger(f"reservation.{name}").unlink()
    assert unknown(hall.findings()) == dict.fromkeys(OVER_LEDGERS, f"ledger reservation.{name} is missing")


@pytest.mark.parametrize("line", ['{"show_id": "x"', '{"show_id": 7}', "[]"])
def test_a_damaged_ledger_is_unknown(hall, line):
    hall.write()
    with hall.directory.ledger("reservation.taken").open("a") as ledger:
        ledger.write(line)
    findings = unknown(hall.findings())
    assert set(findings) == OVER_LEDGERS
    assert all("reservation.taken is damaged at byte" in observed for observed in findings.values())


def test_a_hall_without_a_show_shows_nothing(hall):
    hall.write()
    hall.directory.ledger("reservation.shows").write_text("")
    assert unknown(hall.findings()) == dict.fromkeys(OVER_LEDGERS, "ledger reservation.shows is empty")


def test_damaged_faults_may_hide_a_loss_of_memory(hall):
    hall.write()
    hall.directory.faults.write_text("{")
    findings = unknown(hall.findings())
    assert set(findings) == OVER_FAULTS
    assert all("faults.jsonl is damaged" in observed for observed in findings.values())


def test_seats_of_a_settlement_that_cannot_be_read(hall):
    hall.row("settlements", "cyd/1")["seats"] = "a-3"
    findings = unknown(hall.judge())
    assert set(findings) == {"seat_sold_once", "settlements_consistent"}


def test_nobody_looked_at_rest(hall):
    hall.history[-1]["args"].pop("rest")
    assert unknown(hall.judge()) == {"nothing_held_at_rest": "nobody looked at rest at hall"}


def test_a_map_that_cannot_be_read_is_no_map(hall):
    hall.history[-1]["value"] = {"blocks": [{"seats": []}]}
    assert set(unknown(hall.judge())) == {"nothing_held_at_rest", "settlements_consistent"}


def test_nothing_acknowledged_is_nothing_lost(hall):
    hall.history = [each for each in hall.history if each["f"] in ("hold", "seat_map")]
    finding = hall.judge()["no_lost_confirm"]
    assert (finding.verdict, "none could be lost" in finding.observed) == ("unknown", True)


def test_who_comes_alone_fights_with_nobody(hall):
    refused = hall.operation("hold", "gus/1")
    hall.history = [refused, hall.history[-1]]
    assert "each was alone at the seat" in hall.judge()["seats_contended"].observed
    hall.history = [hall.history[-1]]
    assert hall.judge()["seats_contended"].observed == "nobody was refused: there was a seat for everybody"


def test_lines_that_are_unreadable_may_explain_what_nobody_asked_for(hall):
    ghost = dict(hall.row("taken", "eve/1")) | {"seat_id": "a-8", "hold_id": "x"}
    hall.rows("taken").append(ghost)
    settlement = dict(hall.row("settlements", "eve/1")) | {"hold_id": "x", "seats": '["a-8"]', "fence": 99}
    hall.rows("settlements").append(settlement)
    ghost["fence"] = 99
    seats = [seat for block in hall.history[-1]["value"]["blocks"] for seat in block["seats"]]
    next(seat for seat in seats if seat["id"] == "a-8")["state"] = "pinned"
    hall.write()
    with hall.directory.history.open("a") as history:
        history.write('{"op": 99, "cl')
    assert set(unknown(hall.findings())) == {"no_phantom_confirm", "history_whole"}


def test_lines_that_are_unreadable_may_tell_who_stood_there(hall):
    hall.hold("ivo/1", "a-8", (3000, 3010))
    hall.hold("ivo/2", "a-8", (3020, 3030))
    hall.history.remove(hall.operation("hold", "ivo/1"))
    hall.write()
    with hall.directory.history.open("a") as history:
        history.write('{"op": 99, "cl')
    assert set(unknown(hall.findings())) == {"refused_holds_legal", "history_whole"}
