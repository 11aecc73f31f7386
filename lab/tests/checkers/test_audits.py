"""What a service's own audit says is taken as it stands, and one that cannot tell is no ruling."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from trivet_lab.evidence import Audit, AuditedRule, AuditRecord

RIGHT = AuditedRule("balances", "every balance is the sum of its postings", 9, proven=True, offenders=[])
WRONG = AuditedRule("holds", "nobody holds too much", 9, proven=False, offenders=[{"account": "bob", "held": 7}])


def record(*rules: AuditedRule, proven: bool, ended: int | None) -> AuditRecord:
    return AuditRecord(["trivet-till", "audit"], ended, Audit(proven=proven, rules=list(rules)))


def test_what_an_audit_proved_is_valid(bank: Any) -> None:
    bank.proof = record(RIGHT, RIGHT, proven=True, ended=0)
    assert bank.judge()["audit_proven"].observed == "wallet proved 2 rules"


def test_what_an_audit_found_broken_is_invalid_by_its_rule_alone(bank: Any) -> None:
    bank.proof = record(RIGHT, WRONG, proven=False, ended=1)
    assert bank.invalid() == {"audit_proven"}
    finding = bank.findings()["audit_proven"]
    assert finding.observed == "wallet: not so: nobody holds too much"
    assert finding.witness == [{"member": "wallet", "broken": "holds", "account": "bob", "held": 7}]


def test_a_broken_rule_without_offenders_is_one_too(bank: Any) -> None:
    bank.proof = record(msgspec.structs.replace(WRONG, offenders=[]), proven=False, ended=1)
    assert bank.invalid() == {"audit_proven"}
    assert bank.findings()["audit_proven"].witness == [{"member": "wallet", "broken": "holds"}]


def test_one_of_several_services_is_enough(bank: Any) -> None:
    bank.write()
    bank.directory.audit("till").write_bytes(msgspec.json.encode(record(WRONG, proven=False, ended=1)))
    finding = bank.findings()["audit_proven"]
    assert (finding.verdict, finding.observed) == ("invalid", "till: not so: nobody holds too much")


@pytest.mark.parametrize(
    ("proof", "says"),
    [
        (AuditRecord(["trivet-till", "audit"], 2, None, "✗ no books"), "trivet-till audit could not tell: ✗ no books"),
        (AuditRecord(["trivet-till", "audit"], None, None, "it hung"), "trivet-till audit could not tell: it hung"),
        (record(RIGHT, proven=True, ended=1), "contradicts itself: it ended with 1 and says proven: True"),
        (record(RIGHT, WRONG, proven=True, ended=0), "contradicts itself: it ended with 0"),
        (record(RIGHT, proven=False, ended=1), "contradicts itself: it ended with 1"),
        (record(WRONG, proven=False, ended=2), "contradicts itself: it ended with 2"),
        (record(proven=True, ended=0), "it looked at nothing"),
        (record(msgspec.structs.replace(RIGHT, observed=0), proven=True, ended=0), "it looked at nothing"),
    ],
)
def test_one_that_cannot_tell_is_unknown(bank: Any, proof: AuditRecord, says: str) -> None:
    bank.proof = proof
    finding = bank.judge()["audit_proven"]
    assert finding.verdict == "unknown"
    assert finding.observed.startswith("audit/wallet.json")
    assert says in finding.observed


@pytest.mark.parametrize("content", ["", "{", "[]", '{"command": [], "exit": "0", "audit": null}'])
def test_a_damaged_one_is_unknown(bank: Any, content: str) -> None:
    bank.write()
    bank.directory.audit("wallet").write_text(content)
    finding = bank.findings()["audit_proven"]
    assert finding.verdict == "unknown"
    assert finding.observed.startswith("audit/wallet.json is damaged: ")


def test_nobody_asked_is_unknown(bank: Any) -> None:
    bank.write()
    bank.directory.audit("wallet").unlink()
    finding = bank.findings()["audit_proven"]
    assert (finding.verdict, finding.observed) == (
        "unknown",
        "audit/ is empty: no service was asked to prove its books",
    )
