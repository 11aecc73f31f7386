"""Finds the shop of this checkout that is up: its addresses, and the token of its control API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from trivet_platform import alive

CONTROL_URL = "TRIVET_CONTROL_URL"


class NothingUp(FileNotFoundError):
    """No platform of this checkout runs."""


class Running(NamedTuple):
    """A shop that is up; ``file`` is its platform.json, ``environment`` its addresses as settings name them."""

    file: Path
    environment: dict[str, str]
    token: str
    endpoints: Mapping[str, Mapping[str, str]]

    def part(self, name: str) -> Mapping[str, str]:
        """Return where a part of it is reached.

        Raises:
            NothingUp: it has no such part.
        """
        if name not in self.endpoints:
            raise NothingUp(f"the shop that is up has no {name}")
        return self.endpoints[name]


def find_running(runs: Path) -> Running:
    """Return the newest platform of this checkout that serves people and is alive.

    Raises:
        NothingUp: none is.
    """
    for path in sorted(runs.glob("*/platform.json"), reverse=True):
        platform = json.loads(path.read_text())
        if "environment" in platform and alive(platform["owner"]):
            environment = {str(name): str(value) for name, value in platform["environment"].items()}
            endpoints = {part["name"]: part["endpoints"] for part in platform["parts"]}
            return Running(path, environment, str(platform["token"]), endpoints)
    raise NothingUp("no shop of this checkout is up: ./trivet up")
