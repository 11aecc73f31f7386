"""A member's audit is run on its books, as who can only read, and what it said is kept whatever it was."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from trivet_lab.checkers import check_variant
from trivet_lab.evidence import AuditRecord, VariantDirectory, read_audit
from trivet_lab.members import Member, collect_audits, find_members
from trivet_lab.members import audits as module
from trivet_lab.settings import lab_settings

READERS = {"till": "postgresql://reader", "shop": "postgresql://nobody-asks"}
AUDITOR = """
import json, os, sys
books = os.environ["TRIVET_TILL_DATABASE_URL"]
others = [name for name in os.environ if name.startswith("TRIVET_") and name != "TRIVET_TILL_DATABASE_URL"]
proven = sys.argv[1] == "right"
rule = {"name": "read_only", "rule": "who audits only reads", "observed": 1, "proven": proven, "offenders": []}
rule["offenders"] = [] if proven else [{"books": books, "others": others}]
print(json.dumps({"proven": proven, "rules": [rule]}))
sys.exit(0 if proven else 1)
"""


@pytest.fixture
def till() -> Member:
    kind = find_members(lab_settings().root)["inventory"]
    return dataclasses.replace(kind, name="till")


def asked(member: Member, tmp_path: Path, *words: str) -> AuditRecord:
    """Return what its audit left; one member of the stage has none."""
    directory = VariantDirectory(tmp_path).create()
    members = [dataclasses.replace(member, audit=list(words)), dataclasses.replace(member, name="shop", audit=None)]
    collect_audits(members, READERS, directory)
    assert [path.name for path in directory.audits.iterdir()] == ["till.json"]
    return read_audit(directory.audit("till"))


@pytest.mark.parametrize(("word", "ended", "verdict"), [("right", 0, "valid"), ("wrong", 1, "invalid")])
def test_an_audit_says_what_it_found(
    till: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, ended: int, verdict: str
) -> None:
    monkeypatch.setenv("TRIVET_TILL_STRATEGY", "of a person's shell")
    record = asked(till, tmp_path, sys.executable, "-c", AUDITOR, word)
    assert record.exit == ended
    assert record.audit is not None
    assert record.audit.proven == (ended == 0)
    assert record.audit.rules[0].offenders == ([] if ended == 0 else [{"books": READERS["till"], "others": []}])
    (tmp_path / "history.jsonl").write_text(
        '{"op":0,"client":0,"f":"buy","args":{},"key":null,"outcome":"unknown","value":null,'
        '"attempts":[{"call_ns":1,"return_ns":2,"status":0,"code":"timeout"}]}\n'
    )
    [finding] = check_variant(VariantDirectory(tmp_path), ["audit_proven"])
    assert finding.verdict == verdict


@pytest.mark.parametrize(
    ("code", "ended", "says"),
    [
        ("import sys; sys.exit('✗ the database cannot be reached')", 1, "✗ the database cannot be reached"),
        ("import sys; sys.exit(2)", 2, "truncated"),
        ("print('{}')", 0, "{}"),
    ],
)
def test_what_is_no_audit_is_kept_as_it_was_said(
    till: Member, tmp_path: Path, code: str, ended: int, says: str
) -> None:
    record = asked(till, tmp_path, sys.executable, "-c", code)
    assert (record.exit, record.audit) == (ended, None)
    assert says in record.error


def test_one_that_is_nowhere_or_hangs_is_written_down(
    till: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(till, tmp_path, "trivet-nothing", "audit") == AuditRecord(
        ["trivet-nothing", "audit"], None, None, "the command trivet-nothing is not installed"
    )
    monkeypatch.setattr(module, "AUDIT_SECONDS_MAX", 0.2)
    record = asked(till, tmp_path, sys.executable, "-c", "import time; time.sleep(60)")
    assert (record.exit, record.audit) == (None, None)
    assert "did not end within 0.2 s" in record.error
