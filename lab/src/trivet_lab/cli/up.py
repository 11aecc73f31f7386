"""``trivet up``: the shop, running until Ctrl-C."""

from __future__ import annotations

import shlex
import signal
import ssl
import threading
from pathlib import Path

from trivet_lab.cli.run import chosen
from trivet_lab.console import Console
from trivet_lab.control import CONTROL_URL, ControlServer
from trivet_lab.evidence import create_directory
from trivet_lab.faults import targets_of
from trivet_lab.load import STAFF, TILL, TILL_SCOPES
from trivet_lab.members import find_members
from trivet_lab.scenarios import find_scenarios
from trivet_lab.scene import request_json
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import OF_PEOPLE, Shop, Stage, link_names
from trivet_platform import Supervisor, make_certificate, sweep

EDGE_PORT = 8080
CONTROL_PORT = 8081
MERCHANT = "merchant"
"""Whose account is paid by what is ordered, unless the order's service is told of another."""
DEMO = {"id": "front-row", "name": "Front row", "stock": 100, "unit_price_minor": 4_900, "currency": "EUR"}


def up(*, strategy: str = "redlock", linked: bool = False, tls: bool = False) -> int:
    """Start the shop and leave it running until Ctrl-C.

    Args:
        strategy: how Inventory keeps buyers apart: redlock, advisory, or naive, which oversells.
        linked: put a link between every replica and all that it uses, so that faults of the network can be injected.
        tls: let the load balancer speak TLS alone, with a certificate made for this shop.
    """
    settings = lab_settings()
    console = Console(plain=settings.plain)
    variant = chosen(find_scenarios()["flash-sale"], [strategy])[0]
    for sentence in sweep(settings.runs):
        console.say(sentence)
    run = create_directory(settings.runs, "up", 0)
    over = threading.Event()
    with Supervisor(run.path, console.say) as platform:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: over.set())
        certificate = make_certificate() if tls else None
        members = find_members(settings.root)
        shop = Shop(platform, members, run.name, EDGE_PORT, certificate)
        shop.open()
        links = link_names(list(members.values())) if linked else []
        with shop.stage(variant.name, variant.settings, lab=variant.lab, links=links, limits=OF_PEOPLE) as stage:
            _furnish(stage, certificate.client_context() if certificate else None)
            targets = targets_of(stage.parts, shop.start, shop.logs)
            with ControlServer(targets, platform.token, stage.epoch_ns, CONTROL_PORT) as control:
                platform.write({"environment": shop.endpoints(stage) | {CONTROL_URL: control.url}})
                _announce(console, stage, control, shop.edge.authority_file)
                over.wait()
    return 0


def _furnish(stage: Stage, trust: ssl.SSLContext | None) -> None:
    """Put something on sale, and open the account of whoever sells it."""
    account = {"id": MERCHANT, "owner": MERCHANT, "kind": "merchant", "currency": DEMO["currency"]}
    for who, scopes, path, body in ((STAFF, "items.write", "/items", DEMO), (TILL, TILL_SCOPES, "/accounts", account)):
        token = stage.tokens([who], scopes).get(who)
        request_json("POST", f"{stage.url}{path}", body, key=f"{body['id']}", token=token, trust=trust)


def _announce(console: Console, stage: Stage, control: ControlServer, authority: Path | None) -> None:
    if not stage.url.endswith(f":{EDGE_PORT}"):
        console.say(f"port {EDGE_PORT} is taken; the edge is at {stage.url}")
    if not control.url.endswith(f":{CONTROL_PORT}"):
        console.say(f"port {CONTROL_PORT} is taken; the control API is at {control.url}")
    console.result(f"the shop is up at {stage.url} ({stage.name}, two replicas); Ctrl-C stops it")
    console.result(
        f"its control API is at {control.url}; break it from another terminal: ./trivet faults inject kill:one"
    )
    trusting = "" if authority is None else f"--cacert {shlex.quote(str(authority))} "
    console.result(
        f"""curl -i {trusting}{stage.url}/buy-item -H "authorization: Bearer $(./trivet token --as alice)" """
        """-H 'content-type: application/json' -H 'idempotency-key: 1' """
        f"""-d '{{"item_id": "{DEMO["id"]}"}}'"""
    )
