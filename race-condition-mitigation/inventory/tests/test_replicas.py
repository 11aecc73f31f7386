"""Two real processes behind one database: a crowd over HTTP, a drain, a client that leaves, a wrong start."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest

from trivet_inventory.metrics import OUTCOMES
from trivet_platform import Program

Start = Callable[..., Program]
Until = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
ITEM = {"stock": 9, "unit_price_minor": 250, "currency": "EUR"}


async def decided(http: httpx.AsyncClient, url: str, item_id: str, key: str) -> httpx.Response:
    """Buy with one key until the answer is one that stays."""
    while True:
        answer = await http.post(
            f"{url}/buy-item", json={"item_id": item_id}, headers={"Idempotency-Key": key}, timeout=30
        )
        if answer.status_code not in {429, 503}:
            return answer
        assert answer.json()["definite"]
        assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("strategy", ["advisory", "redlock"])
def test_a_crowd_over_http_buys_exactly_what_there_is(strategy: str, start_replica: Start) -> None:
    urls = [start_replica(strategy).endpoints["url"] for _ in range(2)]

    async def scenario() -> None:
        async with httpx.AsyncClient() as http:
            item = (await http.post(f"{urls[0]}/items", json=ITEM)).json()
            buyers = (decided(http, urls[n % 2], item["id"], f"{strategy}-{n}") for n in range(30))
            answers = await asyncio.gather(*buyers)
            assert Counter(answer.status_code for answer in answers) == {200: 9, 409: 21}
            assert {answer.headers["x-trivet-node"] for answer in answers} == {
                url.removeprefix("http://") for url in urls
            }
            left = sorted(answer.json()["stock"] for answer in answers if answer.status_code == 200)
            assert left == list(range(9))
            for n, answer in enumerate(answers):
                again = await decided(http, urls[(n + 1) % 2], item["id"], f"{strategy}-{n}")
                assert (again.status_code, again.content) == (answer.status_code, answer.content)
                assert again.headers["idempotency-replayed"] == "true"
            metrics = [(await http.get(f"{url}/metrics")).text for url in urls]
            sold = sum(
                counted(text, f'purchases_total{{outcome="purchased",strategy="{strategy}"}}') for text in metrics
            )
            assert sold == 9
            for text in metrics:
                told = {outcome for outcome in OUTCOMES if f'outcome="{outcome}",strategy="{strategy}"' in text}
                assert told == set(OUTCOMES), "an outcome that did not happen yet has a series all the same"
                assert 'trivet_http_request_seconds_count{member="inventory",method="POST",route="/buy-item"' in text
                assert counted(text, 'pool_connections{state="idle"}') >= 1
                assert counted(text, f'lock_wait_seconds_count{{strategy="{strategy}"}}') >= 1

    asyncio.run(scenario())


def counted(text: str, series: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(f"trivet_inventory_{series}")]
    return float(line.split()[-1])


def test_a_replica_drains_it_says_no_to_new_load_and_serves_what_comes(start_replica: Start, until: Until) -> None:
    replica = start_replica("advisory", TRIVET_INVENTORY_DRAIN_DELAY_MS="120000")
    url = replica.endpoints["url"]

    async def scenario() -> None:
        async with httpx.AsyncClient() as http:
            item = (await http.post(f"{url}/items", json=ITEM)).json()
            os.kill(replica.pids[0], signal.SIGTERM)

            async def unready() -> bool:
                return (await http.get(f"{url}/readyz")).status_code == 503

            await until(unready)
            assert (await http.get(f"{url}/readyz")).json()["checks"]["process"] == "is draining"
            assert (await http.get(f"{url}/livez")).status_code == 200
            assert (await decided(http, url, item["id"], "while-draining")).status_code == 200
            os.kill(replica.pids[0], signal.SIGTERM)

            async def gone() -> bool:
                try:
                    await http.get(f"{url}/livez")
                except httpx.TransportError:
                    return True
                return False

            await until(gone)

    asyncio.run(scenario())


def test_a_purchase_whose_client_left_is_made_and_told_to_its_key(
    start_replica: Start, settings_for: Any, until: Until
) -> None:
    url = start_replica("advisory").endpoints["url"]
    host, _, port = url.removeprefix("http://").partition(":")

    async def scenario() -> None:
        async with httpx.AsyncClient() as http:
            item = (await http.post(f"{url}/items", json=ITEM)).json()
            with psycopg.connect(settings_for("advisory").database_url) as holder:
                holder.execute("SELECT 1 FROM items WHERE id = %s FOR UPDATE", [item["id"]])
                body = json.dumps({"item_id": item["id"]}).encode()
                head = (
                    "POST /buy-item HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n"
                    f"idempotency-key: left\r\ncontent-length: {len(body)}\r\n\r\n"
                )
                client = socket.create_connection((host, int(port)))
                client.sendall(head.encode() + body)

                async def blocked() -> bool:
                    with psycopg.connect(settings_for("advisory").database_url) as watcher:
                        query = (
                            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%stock >=%'"
                        )
                        return watcher.execute(query).fetchone() is not None

                await until(blocked)
                client.close()
                holder.rollback()
            answer = await decided(http, url, item["id"], "left")
            while answer.status_code == 409:  # still in flight
                assert answer.json()["code"] == "request-in-flight"
                answer = await decided(http, url, item["id"], "left")
            assert answer.headers["idempotency-replayed"] == "true"
            assert (await http.get(f"{url}/items/{item['id']}")).json()["stock"] == 8

    asyncio.run(scenario())


def test_a_process_on_the_wrong_database_says_so_and_ends(settings_for: Any) -> None:
    code = "from trivet_inventory.entrypoints.cli import main; main()"
    environment = {
        "TRIVET_INVENTORY_DATABASE_URL": settings_for("naive").database_url,
        "TRIVET_INVENTORY_STRATEGY": "advisory",
    }
    ended = subprocess.run(
        [sys.executable, "-c", code, "api"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stderr.startswith("✗ the database lacks the constraint")) == (2, True)
