"""``./trivet up`` as a person uses and abuses it: real processes, real signals."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from trivet_lab.control import ControlClient, ControlRefused, find_running
from trivet_lab.members import find_members
from trivet_lab.scene import EdgeError, request_json
from trivet_lab.settings import lab_settings
from trivet_platform import alive, ask_issuer

pytestmark = pytest.mark.long
TRIVET = str(Path(sys.executable).with_name("trivet"))
PATIENCE_S = 60


def wait_until(condition: Callable[[], bool], sentence: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, sentence
        pause.wait(0.02)


class Up:
    """A shop that is up: its process, its edge, and every process below it at that moment."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.children = psutil.Process(process.pid).children(recursive=True)

    def living(self) -> list[psutil.Process]:
        return [child for child in self.children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def started(*words: str) -> Iterator[Up]:
    with subprocess.Popen([TRIVET, "up", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("curl "):
                    break
            found = re.search(r"curl -i (http://127\.0\.0\.1:\d+)", "".join(lines))
            assert found, f"no curl line: {lines} {process.stderr and process.stderr.read()}"
            yield Up(process, found[1])
        finally:
            process.kill()


def token_of(url: str) -> str:
    """Return a token of the shop whose edge this is: two that are up have an issuer each."""
    for path in sorted(lab_settings().runs.glob("*/platform.json"), reverse=True):
        platform = json.loads(path.read_text())
        if platform.get("environment", {}).get("TRIVET_EDGE_URL") == url and alive(platform["owner"]):
            issuer = next(part["endpoints"] for part in platform["parts"] if part["name"] == "issuer")
            words = [("grant_type", "client_credentials"), ("subject", "alice"), ("scope", "items.read")]
            return str(ask_issuer(issuer["url"], issuer["secret"], "token", words)["access_token"])
    raise AssertionError(f"no shop is up at {url}")


def serves(url: str) -> bool:
    """Whether a shop shows what it sells; it tells of itself in platform.json right after its curl line."""
    page = request_json("GET", f"{url}/items", token=token_of(url))
    return any(item["id"] == "front-row" for item in page["items"])


def test_its_curl_line_works_as_it_stands() -> None:
    with subprocess.Popen([TRIVET, "up"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = next(line for line in process.stdout if line.startswith("curl "))
        answer = subprocess.run(["bash", "-c", line], text=True, capture_output=True, check=True).stdout
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
    assert answer.startswith("HTTP/1.1 200")
    assert '"item_id":"front-row"' in answer


def test_it_speaks_tls_when_asked() -> None:
    with subprocess.Popen([TRIVET, "up", "--tls"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = next(line for line in process.stdout if line.startswith("curl "))
        answer = subprocess.run(["bash", "-c", line], text=True, capture_output=True, check=True).stdout
        script = f'eval "$({TRIVET} env)" && curl -s --cacert "$TRIVET_EDGE_CA_FILE" "$TRIVET_EDGE_URL/items"'
        refused = subprocess.run(["bash", "-c", script], text=True, capture_output=True, check=True).stdout
        untrusted = subprocess.run(["bash", "-c", re.sub(r"--cacert \S+", "", line)], capture_output=True, check=False)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
    assert "https://127.0.0.1:" in line
    assert answer.startswith("HTTP/2 200")
    assert json.loads(refused)["code"] == "unauthenticated"
    assert untrusted.returncode == 60, "curl: the peer's certificate cannot be authenticated with known CA certificates"


def test_one_person_who_asks_without_end_is_told_to_wait() -> None:
    with started() as up:
        token, statuses = token_of(up.url), []
        for _ in range(400):
            try:
                request_json("GET", f"{up.url}/items", token=token)
            except EdgeError as error:
                statuses.append(error.status)
        up.process.send_signal(signal.SIGINT)
        up.process.wait(PATIENCE_S)
    assert set(statuses) == {429}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_once_and_leaves_nothing(number: signal.Signals) -> None:
    with started() as up:
        assert len(up.children) > 8
        up.process.send_signal(number)
        up.process.wait(PATIENCE_S)
        assert up.living() == []


def test_after_kill_9_nothing_lives_and_the_next_start_works() -> None:
    with started() as first:
        control = ControlClient(find_running(lab_settings().runs))
        assert len(control.parts()) > 8
        first.process.kill()
        first.process.wait()
        with pytest.raises(ControlRefused, match="does not answer"):
            control.parts()
        wait_until(lambda: first.living() == [], "orphans")
    with started() as second:
        assert serves(second.url)
        second.process.send_signal(signal.SIGINT)
        second.process.wait(PATIENCE_S)


def test_two_shops_can_be_up_at_once() -> None:
    with started() as one, started("--strategy", "advisory") as two:
        assert one.url != two.url
        assert serves(one.url)
        assert serves(two.url)
        for up in (one, two):
            up.process.send_signal(signal.SIGINT)
        for up in (one, two):
            up.process.wait(PATIENCE_S)
            assert up.living() == []


def node(url: str, method: str, path: str) -> str | None:
    """Return which replica answers a request, None if it is the edge itself, which knows no such path.

    Who asks for more than the edge takes of one client is told when to come again, and does.
    """
    body, headers = b"{}" if method == "POST" else None, {"content-type": "application/json"}
    while True:
        edge = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        edge.request(method, path, body=body, headers=headers)
        answer = edge.getresponse()
        problem = answer.read()
        edge.close()
        if answer.status != 429:
            break
        time.sleep(float(answer.headers["retry-after"]))
    found = answer.headers["x-trivet-node"]
    assert found or (answer.status == 404 and b"no service is routed here" in problem)
    return found


def test_the_edge_leads_to_each_service_and_never_inside() -> None:
    members = find_members(lab_settings().root).values()
    assert sum(len(member.edge) for member in members) > 8
    with started() as up:
        parts = ControlClient(find_running(lab_settings().runs)).parts()
        for member in members:
            replicas = {
                urlsplit(part.endpoints["url"]).netloc for part in parts if part.name.startswith(f"{member.name}-api-")
            }
            for path in member.edge:
                assert node(up.url, "GET", path) in replicas
            for path in (*member.internal, "/metrics", "/livez", "/readyz", f"{member.edge[0]}/../metrics"):
                assert {node(up.url, method, path) for method in ("GET", "POST")} == {None}
        up.process.send_signal(signal.SIGINT)
        up.process.wait(PATIENCE_S)


def test_env_names_the_addresses_of_the_shop_that_is_up() -> None:
    with started() as up:
        readers = "$TRIVET_INVENTORY_READER_URL $TRIVET_WALLET_READER_URL"
        script = f'eval "$({TRIVET} env)" && test "$TRIVET_EDGE_URL" = "{up.url}" && echo "{readers}"'
        shown = subprocess.run(["bash", "-c", script], text=True, capture_output=True, check=True).stdout
        assert [url.partition("://")[0] for url in shown.split()] == ["postgresql"] * 2
        for file in lab_settings().runs.glob("*/platform.json"):
            assert file.stat().st_mode & 0o077 == 0, "endpoints and the token are nobody else's"
        up.process.send_signal(signal.SIGINT)
        up.process.wait(PATIENCE_S)
