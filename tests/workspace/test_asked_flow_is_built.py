"""Every statement and status of the Redlock flow (docs/architecture.md, 1.1) stands in the code that ships."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from shipped import shipped

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "race-condition-mitigation" / "locks" / "src"
INVENTORY = ROOT / "race-condition-mitigation" / "inventory" / "src"


FLOW = {
    "POST /buy-item (item_id)": (INVENTORY, r'post\(\s*"/buy-item".*item_id: '),
    "SET … NX PX": (LOCKS, r'"SET", key, token, "NX", "PX", ttl_ms'),
    "resource_lock:{id}": (LOCKS, r'prefix: str = "resource_lock:"'),
    "PX=5000": (INVENTORY, r"lock_ttl_ms: int = setting\([^)]*default=5000"),
    "the token is the holder's random secret": (LOCKS, r"Attempt\([^)]*token=secrets\.token_hex\(16\)"),
    "SELECT * FROM items WHERE id": (INVENTORY, r"SELECT \* FROM items WHERE id = \$1"),
    "UPDATE items SET stock = stock -": (INVENTORY, r"UPDATE items SET stock = stock - \$2"),
    "EVAL (Lua script)": (LOCKS, r'"EVAL", RELEASE_LUA'),
    "release if the token matches": (
        LOCKS,
        r'if redis\.call\("GET", KEYS\[1\]\) == ARGV\[1\] then return redis\.call\("DEL", KEYS\[1\]\)',
    ),
    "200 OK (Purchased)": (INVENTORY, r'return success\( 200, \{ "purchase_id"'),
    "409 Conflict (Out of Stock)": (INVENTORY, r'class OutOfStock\(ServiceError\): code = "out-of-stock"'),
    "429 Too Many Requests": (INVENTORY, r'class LockIsBusy\(ServiceError\): code = "lock-busy"'),
}


@pytest.mark.parametrize(("folder", "form"), FLOW.values(), ids=FLOW.keys())
def test_the_flow_is_in_the_code(folder: Path, form: str) -> None:
    assert re.search(form, shipped(folder)), f"{form} is nowhere under {folder.relative_to(ROOT)}"


def test_the_statuses_are_those_of_the_table() -> None:
    problems = json.loads((ROOT / "contracts" / "problems.json").read_text())["problems"]
    found = {kind["code"]: (kind["status"], kind["title"]) for kind in problems}
    assert found["out-of-stock"] == (409, "Out of Stock")
    assert found["lock-busy"] == (429, "Too Many Requests")
