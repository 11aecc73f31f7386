"""What the reservation is measured on: servers, the programs of this folder, one replica, and one that does nothing."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import msgspec

from trivet_lab.settings import child_environment
from trivet_platform import Issuer, Postgres, Program, Supervisor, Valkey, free_port

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
SCOPES = "seats.hold shows.write"
SHOW = "bench"
SEATS = 50_000
SEATS_PER_ROW = 1000


class Side(msgspec.Struct, frozen=True):
    """What one side of ``cycles`` did in its turn."""

    per_s: float
    p50_us: float
    p99_us: float
    refused_per_s: float
    server_us: float


class Sent(msgspec.Struct, frozen=True):
    """What came of what a gun sent."""

    per_s: float
    requests: int
    statuses: dict[str, int]
    p50_ms: float
    p99_ms: float


class Programs:
    """The programs of this folder, built where they are used."""

    def __init__(self, folder: Path) -> None:
        words = [str(BIN / "go"), "build", "-trimpath", "-o", f"{folder}/", "./..."]
        subprocess.run(words, cwd=HERE, check=True)
        self._folder = folder

    def path(self, name: str) -> str:
        """Return a program."""
        return str(self._folder / name)

    def run(self, name: str, **flags: object) -> bytes:
        """Run a program to its end and return what it printed."""
        words = [f"-{flag}={value}" for flag, value in flags.items()]
        return subprocess.run([self.path(name), *words], stdout=subprocess.PIPE, check=True).stdout

    def cycles(self, valkey: Valkey, peer: str, plan: dict[str, object]) -> list[tuple[Side, Side]]:
        """Let the reservation's scripts and a peer take turns on an otherwise idle Valkey."""
        told = json.loads(self.run("cycles", valkey=valkey.url, peer=peer, **plan))
        return msgspec.convert(told["pairs"], list[tuple[Side, Side]])

    def ceiling_per_s(self, **flags: object) -> float:
        """Return how many holds a second a gun gets rid of at a responder that does nothing at all."""
        with subprocess.Popen([self.path("gun"), "-respond"], stdout=subprocess.PIPE, text=True) as responder:
            try:
                at = responder.stdout.readline().strip() if responder.stdout else ""
                return msgspec.json.decode(self.run("gun", at=at, **flags), type=Sent).per_s
            finally:
                responder.kill()


class Replica:
    """One process that serves, and the gun that is aimed at it."""

    def __init__(self, programs: Programs, listen: str, tokens: Path) -> None:
        self._programs = programs
        self._listen = listen
        self._tokens = tokens
        self._runs = itertools.count()
        self._sent = 0

    def send(self, connections: int, seconds: float, rate: float = 0) -> Sent:
        """Hold seats, each for a second and in turn, so that each is free when it is its turn again.

        Raises:
            RuntimeError: not every hold was granted.
        """
        flags = {"at": self._listen, "tokens": self._tokens, "show": SHOW, "seats": SEATS, "first": self._sent}
        run = f"{self._listen.rpartition(':')[2]}-{next(self._runs)}"
        told = self._programs.run("gun", **flags, run=run, connections=connections, seconds=seconds, rate=rate)
        sent = msgspec.json.decode(told, type=Sent)
        self._sent += sent.requests
        if set(sent.statuses) != {"201"}:
            raise RuntimeError(f"not every hold was granted: {sent.statuses}")
        return sent


class Ground:
    """The servers, and the two replicas on them."""

    def __init__(self, supervisor: Supervisor, programs: Programs, folder: Path, callers: int) -> None:
        self._supervisor = supervisor
        self._programs = programs
        self.valkey = Valkey("valkey-1")
        self._postgres, self._issuer = Postgres(), Issuer()
        supervisor.start(self._postgres, self.valkey, self._issuer)
        self._tokens = folder / "tokens"
        self._given = self._issuer.tokens([f"caller-{number}" for number in range(callers)], SCOPES)
        self._tokens.write_text("\n".join(self._given))
        self._database = self._postgres.create_database("reservation")
        self._env = {
            "TRIVET_RESERVATION_DATABASE_URL": self._database,
            "TRIVET_RESERVATION_VALKEY_URLS": self.valkey.url,
            "TRIVET_RESERVATION_JWKS_URL": self._issuer.jwks_url,
            "TRIVET_RESERVATION_TOKEN_ISSUER": self._issuer.url,
        }

    def serving(self) -> Replica:
        """Serve the reservation with a show of 50,000 seats."""
        program = str(BIN / "trivet-reservation")
        subprocess.run([program, "migrate"], env=child_environment(self._env), check=True)
        replica = self._start("reservation", [program, "api"])
        block = {"name": "a", "unit_price_minor": 4500, "currency": "EUR"}
        block |= {"rows": SEATS // SEATS_PER_ROW, "seats_per_row": SEATS_PER_ROW}
        show = {"id": SHOW, "name": "Bench", "blocks": [block]}
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._given[0]}"}
        request = urllib.request.Request(f"http://{replica.listen}/shows", json.dumps(show).encode(), headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30):
            return self._aimed(replica)

    def idling(self) -> Replica:
        """Serve a route that does nothing, behind the same middleware."""
        return self._aimed(self._start("idle", [self._programs.path("idle")]))

    def _start(self, name: str, command: Sequence[str]) -> Program:
        listen = f"127.0.0.1:{free_port()}"
        env = {**self._env, "TRIVET_RESERVATION_LISTEN": listen}
        program = Program(name, command, env, listen, f"http://{listen}/readyz")
        self._supervisor.start(program)
        return program

    def _aimed(self, program: Program) -> Replica:
        return Replica(self._programs, str(program.listen), self._tokens)
