"""What README.md shows is what is there: its commands print what stands under them, its tables are whole."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import trivet_order.application
import trivet_order.domain
from trivet_order.application import projecting, relaying
from trivet_order.domain import ORDER_EVENTS, OrderError, OrderStatus

ROOT = Path(__file__).resolve().parents[3]
README = (Path(__file__).parents[1] / "README.md").read_text()
SHOWN = re.findall(r"^```sh\n(.*?)^```\n\n```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
ERRORS = {
    each
    for face in (trivet_order.domain, trivet_order.application, projecting, relaying)
    for each in vars(face).values()
    if isinstance(each, type) and issubclass(each, OrderError) and each is not OrderError
}


def table(heading: str) -> str:
    """Return what stands under a heading."""
    return README.split(f"## {heading}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("commands", "printed"), SHOWN, ids=lambda words: words.split("\n")[0])
def test_a_command_prints_what_stands_under_it(commands: str, printed: str) -> None:
    done = subprocess.run(["bash", "-c", commands], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.stdout.strip().splitlines() == printed.strip().splitlines(), done.stderr


def test_the_breach_of_the_core_is_shown() -> None:
    assert ["is not allowed to import sqlalchemy" in printed for _, printed in SHOWN].count(True) == 1


def test_every_event_and_status_is_told() -> None:
    told = table("What an order goes through")
    assert [kind.__name__ for kind in ORDER_EVENTS if f"`{kind.__name__}`" not in told] == []
    assert [status for status in OrderStatus if status not in told] == []


def test_every_error_is_told_as_it_is() -> None:
    rows = {
        row[0]: row for row in re.findall(r"^\| `(\w+)` \| .+? \| (.+?) \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    }
    assert rows.keys() == {each.__name__ for each in ERRORS}
    for each in ERRORS:
        _, definite, again, wire = rows[each.__name__]
        if each.__name__ != "StoreUnavailable":  # which says so of each case
            assert definite == ("yes" if each.definite else "no")
        assert (again != "no") is each.retryable
        assert re.search(r"`internal`|`unavailable`", wire) or f"`{each.code}`" in wire
