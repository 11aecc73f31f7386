"""``trivet up``: the shop, running until Ctrl-C."""

from __future__ import annotations

import signal
import threading

from trivet_lab.cli.run import chosen
from trivet_lab.console import Console
from trivet_lab.evidence import create_directory
from trivet_lab.members import find_members
from trivet_lab.scenarios import find_scenarios
from trivet_lab.scene import request_json
from trivet_lab.settings import lab_settings
from trivet_lab.topologies import Shop
from trivet_platform import Supervisor, sweep

EDGE_PORT = 8080
DEMO = {"id": "front-row", "name": "Front row", "stock": 100, "unit_price_minor": 4_900, "currency": "EUR"}


def up(*, strategy: str = "redlock") -> int:
    """Start the shop and leave it running until Ctrl-C.

    Args:
        strategy: how Inventory keeps buyers apart: redlock, advisory, or naive, which oversells.
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
        shop = Shop(platform, find_members(settings.root), lab=run.name, port=EDGE_PORT)
        shop.open()
        with shop.stage(variant.name, variant.settings, lab=variant.lab) as stage:
            request_json("POST", f"{stage.url}/items", DEMO, key="front-row")
            platform.write({"environment": shop.endpoints(stage)})
            if not stage.url.endswith(f":{EDGE_PORT}"):
                console.say(f"port {EDGE_PORT} is taken; the edge is at {stage.url}")
            console.result(f"the shop is up at {stage.url} ({variant.name}, two replicas); Ctrl-C stops it")
            console.result(
                f"curl -i {stage.url}/buy-item -H 'content-type: application/json' -H 'idempotency-key: 1'"
                f""" -d '{{"item_id": "{DEMO["id"]}"}}'"""
            )
            over.wait()
    return 0
