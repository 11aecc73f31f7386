import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import msgspec
import pytest

from trivet_lab.evidence import VariantDirectory, read_history
from trivet_lab.latency import merge_hlog
from trivet_lab.load import Item, Phase, Plan, Sale, command, read_summary, write_plan

SALES = {"items", "restocks", "quantity_weights"}
RESPONDER = Path(__file__).with_name("responder.py")


class Shop:
    def __init__(self, process, port):
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    def seen(self):
        with urllib.request.urlopen(f"{self.url}/seen", timeout=30) as answer:  # noqa: S310  - loopback, just started
            return json.load(answer)


@pytest.fixture
def shop():
    """Starts shops that answer by a script, and ends them."""
    with contextlib.ExitStack() as stack:

        def start(**script):
            script = {"*": ["200"]} | {name.replace("_", "-"): steps for name, steps in script.items()}
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(RESPONDER), json.dumps(script)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return Shop(process, int(process.stdout.readline()))

        yield start


@pytest.fixture
def plan(tmp_path):
    """Makes plans of a crowd of a fraction of a second; anything can be told otherwise."""

    def make(url="http://127.0.0.1:1", **fields):
        usual = {
            "seed": 7,
            "url": url,
            "epoch_ns": time.monotonic_ns(),
            "clients": 5,
            "phases": [Phase("steady", 100, 0.4)],
            "directory": str(tmp_path / "variant"),
            "arrivals": "uniform",
            "backoff_ms": 1,
            "backoff_ms_max": 4,
            "drain_ms": 20_000,
            "timeout_ms": 20_000,
            "lateness_budget_ms": 60_000,
            "cpu_budget": 60,
            "doubt_attempts_max": fields.get("attempts_max", 8),
        }
        goods = {"items": [Item("a", 10)]} | {name: fields.pop(name) for name in SALES & fields.keys()}
        return Plan(**{"errand": Sale(**goods)} | usual | fields)

    return make


class Generator:
    """The load generator's process, and what it leaves."""

    def __init__(self, plan, process):
        self.process = process
        self.directory = VariantDirectory(Path(plan.directory))
        self.said = []

    def lines(self):
        """Yield its lines as they come."""
        for line in self.process.stdout:
            self.said.append(msgspec.json.decode(line))
            yield self.said[-1]

    def end(self):
        """Wait for its end; return the exit code."""
        for _ in self.lines():
            pass
        return self.process.wait(timeout=60)

    @property
    def history(self):
        return sorted(read_history(self.directory.history), key=lambda operation: operation.op)

    @property
    def summary(self):
        return read_summary(self.directory.load)

    def latency(self, name):
        return merge_hlog(self.directory.latency / f"{name}.hlog")


@pytest.fixture
def begin(tmp_path):
    """Starts the generator as the lab does."""
    with contextlib.ExitStack() as stack:

        def start(plan):
            argv = command(write_plan(tmp_path / "plan.json", plan))
            process = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE))
            stack.callback(process.kill)
            return Generator(plan, process)

        yield start


@pytest.fixture
def send(begin):
    """Sends a whole crowd that is expected to end in order."""

    def run(plan):
        generator = begin(plan)
        assert generator.end() == 0
        return generator

    return run
