"""The shop that is up, broken and healed from a second terminal: the commands as a person types them."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from trivet_lab.control import find_running
from trivet_lab.members import find_members
from trivet_lab.scene import EdgeError, request_json
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import link_names, part_names

pytestmark = pytest.mark.long
TRIVET = str(Path(sys.executable).with_name("trivet"))
PATIENCE_S = 60


def trivet(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([TRIVET, *words], text=True, capture_output=True, check=False, timeout=120)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done


def told(*words: str, code: int = 0) -> dict:
    return json.loads(trivet(*words, "--json", code=code).stdout)


@pytest.fixture(scope="module")
def up() -> Iterator[str]:
    """A linked shop, and its edge."""
    words = [TRIVET, "up", "--linked", "--strategy", "advisory"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            line = next(line for line in process.stdout if line.startswith("curl "))
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert found
            yield found[0]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0


def buys(edge: str, key: str) -> int:
    try:
        token = trivet("token", "--as", "alice").stdout.strip()
        request_json("POST", f"{edge}/buy-item", {"item_id": "front-row"}, key=key, timeout_s=30, token=token)
    except EdgeError as error:
        return error.status
    return 200


def test_the_parts_are_listed_stopped_and_started(up: str) -> None:
    listed = trivet("faults", "parts").stdout
    members = list(find_members(lab_settings().root).values())
    for name in (*part_names(members), *link_names(members)):
        assert f"\n{name} " in listed
    assert "\nwallet-api-2-to-postgres " in listed
    assert "@" not in listed, "no password is shown"
    assert trivet("faults", "stop", "inventory-api-1").stdout == "inventory-api-1 was stopped: down\n"
    assert trivet("faults", "stop", "inventory-api-1").stdout == "inventory-api-1 was stopped already: down\n"
    assert buys(up, "one-replica") == 200
    assert trivet("faults", "start", "inventory-api-1").stdout == "inventory-api-1 was started: running\n"


def test_a_fault_is_injected_seen_and_healed(up: str) -> None:
    fault = told("faults", "inject", "kill:postgres")
    assert fault["parts"][0]["state"] == "in effect"
    assert buys(up, "no-database") == 503
    assert "kill of postgres  in effect" in trivet("faults", "status").stdout
    assert "postgres" in trivet("faults", "heal", str(fault["id"])).stdout
    assert trivet("faults", "heal", str(fault["id"])).stderr == f"fault {fault['id']} was over already\n"
    assert buys(up, "no-database") == 200


def test_a_fault_of_the_network_waits_for_traffic(up: str) -> None:
    both = [told("faults", "inject", f"cut_after_commit:inventory-api-{n}-to-postgres") for n in (1, 2)]
    assert {fault["parts"][0]["state"] for fault in both} == {"asked"}
    assert buys(up, "commit-unanswered") in {200, 503}
    assert "COMMITs executed whose answer was lost" in trivet("faults", "status").stdout
    assert len(told("faults", "heal")["faults"]) == 2
    assert buys(up, "commit-unanswered") == 200


@pytest.mark.usefixtures("up")
def test_what_cannot_be_done_costs_one_sentence() -> None:
    for words, says in [
        (["inject", "kill:mysql"], "✗ no part is called 'mysql'"),
        (["inject", "explode:postgres"], "✗ there is no fault called 'explode'"),
        (["inject", "kill"], "✗ 'kill' is no fault: write fault:target"),
        (
            ["inject", "failpoint=inventory.purchase.after_commit=kill:one"],
            "✗ failpoint needs parts that are started",
        ),
        (["heal", "4711"], "✗ there is no fault 4711"),
        (["heal", "postgres"], "✗ 'postgres' is no fault's number"),
        (["stop", "mysql"], "✗ no part is called 'mysql'"),
    ]:
        said = trivet("faults", *words, code=254).stderr
        assert said.startswith(says)
        assert len(said.splitlines()) == 1


def test_the_edge_does_not_lead_to_it_and_env_does_not_tell_the_token(up: str) -> None:
    running = find_running(lab_settings().runs)
    control = running.environment["TRIVET_CONTROL_URL"]
    for path in ("/parts", "/faults"):
        edge = http.client.HTTPConnection(urlsplit(up).netloc, timeout=10)
        edge.request("GET", path, headers={"Authorization": f"Bearer {running.token}"})
        assert edge.getresponse().status == 404
        edge.close()
    shown = trivet("env")
    assert f"export TRIVET_CONTROL_URL={control}\n" in shown.stdout
    assert str(running.file) in shown.stderr
    assert running.token not in shown.stdout + shown.stderr
    assert running.file.stat().st_mode & 0o077 == 0


def test_a_shop_is_stopped_with_what_is_broken_in_it(up: str) -> None:
    """The last test leaves these to the end of the fixture, which expects an end in order."""
    assert up
    assert told("faults", "inject", "pause:valkey/2")["parts"][0]["state"] == "in effect"
    assert told("faults", "inject", "kill:postgres+600s")["parts"][0]["state"] == "in effect"
