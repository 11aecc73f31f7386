"""A running service, started by its own commands, and a client that checks every answer it gets."""

from __future__ import annotations

import itertools
import json
import re
import secrets
import subprocess
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import EllipsisType
from typing import Any

from trivet_lab.members import Member, read_member
from trivet_lab.settings import child_environment
from trivet_lab.topologies.shop import executable
from trivet_platform import Issuer, Postgres, Program, Supervisor, free_port

from .promises import Document, assert_problem
from .subject import ROOT, Request, Subject
from .wire import Answer, Header, Pending, compose

_count = itertools.count(1)
JSON: Header = ("content-type", "application/json")


def fresh_key() -> str:
    """Return an Idempotency-Key that nobody has sent."""
    return uuid.uuid4().hex


class Api:
    """A client of one replica; every answer is held to what all answers promise.

    Where an operation demands an Idempotency-Key, a request that says nothing of keys goes with a fresh one, and one
    that says nothing of tokens with one that grants everything, so that what a test is about is not hidden behind the
    refusal of a request without.
    """

    def __init__(self, listen: str, document: Document, subject: Subject, token: str) -> None:
        host, _, port = listen.rpartition(":")
        self.listen = listen
        self.address = (host, int(port))
        self.document = document
        self._subject = subject
        self._token = token

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | bytes | EllipsisType | None = ...,
        token: str | bytes | EllipsisType | None = ...,
        headers: Sequence[Header] = (),
        content: bytes | None = None,
    ) -> Callable[[], Answer]:
        """Send a request and return what reads its answer: another thing can happen in between.

        ``key=None`` sends no key whatever the operation demands, and ``token=None`` no token.
        """
        trace_id = secrets.token_hex(16)
        if content is None:
            content = b"" if body is None else json.dumps(body).encode()
        sent: list[Header] = [("traceparent", f"00-{trace_id}-{secrets.token_hex(8)}-01"), *headers]
        if content and not any(name.lower() == "content-type" for name, _ in headers):
            sent.append(JSON)
        if content or method in {"POST", "PUT", "PATCH"}:
            sent.append(("content-length", str(len(content))))
        if isinstance(key, EllipsisType):
            sent += self._key_headers(method, path)
        elif key is not None:
            sent.append(("idempotency-key", key))
        if isinstance(token, EllipsisType):
            sent.append(self.bearer)
        elif token is not None:
            shown = token if isinstance(token, bytes) else token.encode()
            sent.append(("authorization", b"Bearer " + shown))
        pending = Pending(self.address, compose(method, path, sent, content), method)
        return lambda: self.checked(method, path, pending.answer(), trace_id)

    def call(self, method: str, path: str, body: Any = None, **how: Any) -> Answer:
        """Send a request and return its answer."""
        return self.send(method, path, body, **how)()

    @property
    def bearer(self) -> Header:
        """The header of the token that grants everything."""
        return "authorization", f"Bearer {self._token}"

    def own_headers(self, method: str, path: str) -> list[Header]:
        """Return what a request that is composed by hand needs: the token, and a fresh key if one is demanded."""
        return [self.bearer, *self._key_headers(method, path)]

    def _key_headers(self, method: str, path: str) -> list[Header]:
        return [("idempotency-key", fresh_key())] if self._subject.demands_key(method, path) else []

    def checked(self, method: str, path: str, answer: Answer, trace_id: str | None = None) -> Answer:
        """Hold an answer to every promise that is not of one operation alone."""
        assert answer.headers.get("x-trivet-node") == self.listen, answer
        if method != "HEAD":
            if answer.status >= 400:
                assert_problem(answer, trace_id=trace_id)
            self.document.assert_documented(method, path, answer)
        return answer


class Scene:
    """Fills the placeholders of a subject's requests; each set-up is done once a scene, when first named."""

    def __init__(self, api: Api, subject: Subject) -> None:
        self.api = api
        self._subject = subject
        self._made: dict[str, str] = {}

    def fill(self, value: Any) -> Any:
        """Return a value with every placeholder in it replaced."""
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda found: self._named(found[1]), value)
        if isinstance(value, dict):
            return {name: self.fill(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.fill(part) for part in value]
        return value

    def perform(self, request: Request) -> Answer:
        """Send one of the subject's own requests, which must succeed."""
        answer = self.api.call(request.method, self.fill(request.path), self.fill(request.body))
        assert answer.status == request.status, answer
        return answer

    def _named(self, name: str) -> str:
        if name == "fresh":
            return f"c-{uuid.uuid4().hex[:20]}"
        if name == "unborn":
            self._made.setdefault(name, self._named("fresh"))
        if name not in self._made:
            request = self._subject.setup[name]
            self._made[name] = str(self.perform(request).json()[request.take])
        return self._made[name]


class Service:
    """One variant of a subject on a database of its own, migrated, and clients of its two replicas."""

    api: Api
    other: Api

    def __init__(
        self,
        subject: Subject,
        variant: str,
        supervisor: Supervisor,
        postgres: Postgres,
        valkeys: Callable[[int], Sequence[str]],
        issuer: Issuer,
    ) -> None:
        self.subject = subject
        self.member: Member = read_member(ROOT / subject.member / "member.toml")
        self.database = f"conformance_{self.member.name}_{variant}_{next(_count)}".replace("-", "_")
        self.database_url = postgres.create_database(self.database)
        self._supervisor = supervisor
        own = {
            self.member.variable("DATABASE_URL"): self.database_url,
            self.member.variable("JWKS_URL"): issuer.jwks_url,
            self.member.variable("TOKEN_ISSUER"): issuer.url,
        }
        if "valkey" in self.member.needs:
            own[self.member.variable("VALKEY_URLS")] = ",".join(valkeys(self.member.needs["valkey"]))
        self._environment = child_environment(own | subject.environments[variant])
        self.document = Document(json.loads(subject.contract.read_text()))
        self.issuer = issuer
        self.scopes = {*subject.scopes, *self.document.scopes.values()}
        if self.member.migrate:
            self.run(self.member.migrate)

    def token(self, who: str = "conformance", *, without: str | None = None, **more: Any) -> str:
        """Return a token that grants everything, or all but one scope; ``more`` is what the issuer takes."""
        return self.issuer.token(who, " ".join(sorted(self.scopes - {without})), **more)

    def run(self, words: Sequence[str]) -> str:
        """Run one of the member's commands under its settings and return what it printed."""
        argv = [executable(words[0]), *words[1:]]
        done = subprocess.run(argv, env=self._environment, text=True, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, count: int, **settings: str) -> list[tuple[Api, Program]]:
        """Start replicas on the one database and wait until all are ready.

        ``settings`` are the member's, by the names that stand behind its prefix.
        """
        own = {self.member.variable(name): value for name, value in settings.items()}
        process = next(process for process in self.member.processes if process.name == self.subject.process)
        programs = [
            Program(
                name=f"{self.database}-{next(_count)}",
                argv=[executable(process.command[0]), *process.command[1:]],
                env=self._environment | own | {self.member.variable("LISTEN"): listen},
                listen=listen,
                ready_url=f"http://{listen}/readyz",
            )
            for listen in (f"127.0.0.1:{free_port()}" for _ in range(count))
        ]
        self._supervisor.start(*programs)
        return [(Api(str(program.listen), self.document, self.subject, self.token()), program) for program in programs]

    @contextmanager
    def replicas(self, count: int, **settings: str) -> Iterator[list[tuple[Api, Program]]]:
        """Lend replicas (see :meth:`start`), and stop them afterwards."""
        started = self.start(count, **settings)
        try:
            yield started
        finally:
            self._supervisor.stop(*(program for _, program in started))
