from pathlib import Path

import pytest

from trivet_lab.members import MemberError, find_members, read_member
from trivet_lab.settings import lab_settings

GOOD = """
name = "till"
language = "python"
needs = ["postgres", "valkey:5"]
edge = ["/till"]
internal = ["/till/batch"]
migrate = ["trivet-till", "migrate"]
[process.api]
command = ["trivet-till", "api"]
replicas = 2
http = true
[variants]
TRIVET_TILL_STRATEGY = ["a", "b"]
"""


def write(root: Path, name: str, text: str) -> Path:
    file = root / "group" / name / "member.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def test_a_member_is_read_as_it_is_written(tmp_path: Path) -> None:
    member = read_member(write(tmp_path, "till", GOOD))
    assert member.needs == {"postgres": 1, "valkey": 5}
    assert (member.processes[0].name, member.processes[0].replicas, member.processes[0].http) == ("api", 2, True)
    assert (member.migrate, member.audit) == (["trivet-till", "migrate"], None)
    assert member.variable("LISTEN") == "TRIVET_TILL_LISTEN"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (('name = "till"', 'name = "tills"'), "name"),
        (('language = "python"', ""), "language"),
        (('language = "python"', 'language = "cobol"'), "'cobol' must be one of python, go"),
        (('command = ["trivet-till", "api"]', ""), "command"),
        (('migrate = ["trivet-till", "migrate"]', 'migrate = "trivet-till migrate"'), "migrate = "),
        (('migrate = ["trivet-till", "migrate"]', "audit = []"), "audit = "),
        (("replicas = 2", 'replicas = "two"'), "two"),
        (("[process.api]", "[process.api"), "TOMLDecodeError"),
    ],
)
def test_a_mistake_is_told_with_file_and_field(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    file = write(tmp_path, "till", GOOD.replace(*change))
    with pytest.raises(MemberError, match=named) as told:
        read_member(file)
    assert str(file) in str(told.value)


def test_two_members_may_not_share_a_path_at_the_edge(tmp_path: Path) -> None:
    write(tmp_path, "till", GOOD)
    write(tmp_path, "shop", GOOD.replace('name = "till"', 'name = "shop"'))
    with pytest.raises(MemberError, match="both claim /till"):
        find_members(tmp_path)


def test_ledgers_are_named_after_member_and_file(tmp_path: Path) -> None:
    member = read_member(write(tmp_path, "till", GOOD))
    (member.folder / "ledger").mkdir()
    (member.folder / "ledger" / "sales.sql").write_text("SELECT 1 AS n")
    assert member.ledgers() == {"till.sales": "SELECT 1 AS n"}


def test_this_checkout_has_the_inventory() -> None:
    member = find_members(lab_settings().root)["inventory"]
    assert "/buy-item" in member.edge
    assert set(member.ledgers()) >= {"inventory.items", "inventory.purchases", "inventory.restocks"}
