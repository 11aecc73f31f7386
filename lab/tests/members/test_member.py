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
    assert member.topics == []


def test_a_member_names_the_topics_that_it_tells_in(tmp_path: Path) -> None:
    text = GOOD.replace('"valkey:5"]', '"kafka"]\ntopics = ["till.events", "till.receipts-2"]')
    assert read_member(write(tmp_path, "till", text)).topics == ["till.events", "till.receipts-2"]


def test_the_edge_leads_to_the_api_alone(tmp_path: Path) -> None:
    """A relay and a worker speak HTTP for probes and metrics, which are nobody's outside."""
    other = '[process.relay]\ncommand = ["trivet-till", "relay"]\nhttp = true\n[variants]'
    member = read_member(write(tmp_path, "till", GOOD.replace("[variants]", other)))
    assert [(process.name, process.http, process.at_edge) for process in member.processes] == [
        ("api", True, True),
        ("relay", True, False),
    ]
    silent = read_member(write(tmp_path / "two", "till", GOOD.replace("http = true", "http = false")))
    assert not silent.processes[0].at_edge


CALLING = """
[process.worker]
command = ["trivet-till", "worker"]
calls = ["bank", "shelf"]
[variants]"""


def other(name: str) -> str:
    return GOOD.replace("till", name).replace("TILL", name.upper())


def test_a_process_calls_members_by_name_and_they_say_what_its_token_must_be_good_for(tmp_path: Path) -> None:
    write(tmp_path, "till", GOOD.replace("[variants]", CALLING))
    write(tmp_path, "bank", 'caller_scopes = ["money.any", "money.read"]\n' + other("bank"))
    write(tmp_path, "shelf", other("shelf"))
    members = find_members(tmp_path)
    assert [process.calls for process in members["till"].processes] == [[], ["bank", "shelf"]]
    assert members["bank"].caller_scopes == ["money.any", "money.read"]
    assert members["shelf"].caller_scopes == []


def test_a_member_may_name_what_its_commands_import_first(tmp_path: Path) -> None:
    assert read_member(write(tmp_path, "till", GOOD)).preload == []
    named = read_member(write(tmp_path / "named", "till", 'preload = ["till.cli"]\n' + GOOD))
    assert named.preload == ["till.cli"]


def test_a_process_runs_only_beside_those_that_it_calls(tmp_path: Path) -> None:
    member = read_member(write(tmp_path, "till", GOOD.replace("[variants]", CALLING)))
    assert [process.name for process in member.on_stage({"till", "bank", "shelf"})] == ["api", "worker"]
    assert [process.name for process in member.on_stage({"till", "bank"})] == ["api"]


@pytest.mark.parametrize(
    ("bank", "said"),
    [
        ("", "process worker calls what is no member: bank"),
        (other("bank").replace("http = true", "http = false"), "calls bank, which has no process api that speaks HTTP"),
    ],
)
def test_a_call_to_nobody_is_refused(tmp_path: Path, bank: str, said: str) -> None:
    write(tmp_path, "till", GOOD.replace("[variants]", CALLING.replace(', "shelf"', "")))
    if bank:
        write(tmp_path, "bank", bank)
    with pytest.raises(MemberError, match=said):
        find_members(tmp_path)


def test_nobody_calls_themselves(tmp_path: Path) -> None:
    write(tmp_path, "till", GOOD.replace("[variants]", CALLING.replace('"bank", "shelf"', '"till"')))
    with pytest.raises(MemberError, match="process worker calls its own member"):
        find_members(tmp_path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (('name = "till"', 'name = "tills"'), "name"),
        (('language = "python"', ""), "language"),
        (('language = "python"', 'language = "cobol"'), "'cobol' must be one of python, go"),
        (('command = ["trivet-till", "api"]', ""), "command"),
        (('migrate = ["trivet-till", "migrate"]', 'migrate = "trivet-till migrate"'), "migrate = "),
        (('migrate = ["trivet-till", "migrate"]', "audit = []"), "audit = "),
        (('"valkey:5"]', '"kafka"]\ntopics = "till.events"'), "topics = 'till.events' must be a list"),
        (('"valkey:5"]', '"kafka"]\ntopics = ["../till"]'), "must be a list of names"),
        (('"valkey:5"]', '"kafka"]\ntopics = ["t", "t"]'), "each once"),
        (('"valkey:5"]', '"valkey:5"]\ntopics = ["till.events"]'), "need Kafka, and needs does not have it"),
        (("replicas = 2", 'replicas = 2\ncalls = "bank"'), "calls = 'bank' must be a list of words"),
        (("replicas = 2", 'replicas = 2\ncalls = ["bank", "bank"]'), "each once"),
        (('language = "python"', 'language = "python"\ncaller_scopes = [1]'), "caller_scopes = "),
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
