"""The shop on one machine: PostgreSQL, independent Valkey masters and Envoy once, services a stage at a time.

The parts are started once and shared; each *stage* puts fresh replicas, on fresh databases, behind the same
edge address. So three variants can be compared on one warm platform without sharing a row.
"""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from trivet_lab.members import Member, Process
from trivet_lab.settings import child_environment
from trivet_platform import Envoy, Link, Part, Postgres, Program, Supervisor, Upstream, Valkey, free_port

MIGRATE_SECONDS_MAX = 60
LINK_WORD = "-to-"


class StageFailed(Exception):
    """A service could not be put on stage; the text ends with what it printed last."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """One variant's services, running behind the edge.

    ``epoch_ns`` is the monotonic clock's reading from which every ``_ns`` of this variant counts. ``parts`` are its
    services and all that they stand upon, by the names that every stage shares (``part_names``).
    """

    name: str
    url: str
    epoch_ns: int
    programs: Sequence[Program]
    readers: Mapping[str, str]
    parts: Mapping[str, Part]

    def ensure_whole(self) -> None:
        """Return if every process of the stage still runs.

        A replica that died in the middle is easily overlooked: the load balancer goes around it, and the crowd learns
        from its retries what became of its purchases. What is left is another shop than the one that was to be tried.

        Raises:
            StageFailed: one ended although nobody asked it to.
        """
        gone = [program.name for program in self.programs if not program.pids]
        if gone:
            raise StageFailed(f"{', '.join(gone)} ended while the crowd was there, and nobody had asked for it")


def executable(name: str) -> str:
    """Return the path of a member's command: beside this interpreter first, then on PATH.

    Raises:
        StageFailed: it is nowhere.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise StageFailed(f"the command {name} is not installed")
    return found


def part_names(members: Sequence[Member]) -> list[str]:
    """Return the names of all parts of a stage with these members, known before anything starts."""
    services = [
        replica_name(member, process, number)
        for member in members
        for process in member.processes
        for number in range(1, process.replicas + 1)
    ]
    masters = max((member.needs.get("valkey", 0) for member in members), default=0)
    return [*services, *(master_name(number) for number in range(1, masters + 1)), "postgres", "envoy"]


def replica_name(member: Member, process: Process, number: int) -> str:
    """Return what one replica is called on every stage."""
    return f"{member.name}-{process.name}-{number}"


def master_name(number: int) -> str:
    """Return what one of the Valkey masters is called."""
    return f"valkey-{number}"


def link_names(members: Sequence[Member]) -> list[str]:
    """Return the names of all links of a linked stage with these members."""
    return [
        f"{replica_name(member, process, number)}{LINK_WORD}{server}"
        for member in members
        for process in member.processes
        for number in range(1, process.replicas + 1)
        for server in ("postgres", *(master_name(each) for each in range(1, member.needs.get("valkey", 0) + 1)))
    ]


def wire(replica: str, member: Member, environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Link]]:
    """Return an environment that leads a replica over links, and these links by the server behind each."""
    urls = {"postgres": environment[member.variable("DATABASE_URL")]}
    masters = environment.get(member.variable("VALKEY_URLS"), "")
    urls |= {master_name(number): url for number, url in enumerate(filter(None, masters.split(",")), 1)}
    links = {
        server: Link(f"{replica}{LINK_WORD}{server}", f"{urlsplit(url).hostname}:{urlsplit(url).port}")
        for server, url in urls.items()
    }
    over = {server: _through(url, links[server].address) for server, url in urls.items()}
    wired = dict(environment) | {member.variable("DATABASE_URL"): over.pop("postgres")}
    if over:
        wired[member.variable("VALKEY_URLS")] = ",".join(over.values())
    return wired, links


def _through(url: str, address: str) -> str:
    """Return a URL that leads to another address, as the same user."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{address}").geturl()


class Shop:
    """The parts that every stage shares, and the stages put upon them."""

    def __init__(self, platform: Supervisor, members: Mapping[str, Member], lab: str, port: int | None = None) -> None:
        """Choose the parts that these members need; ``lab`` is the run's id and ``port`` the edge's wish."""
        self._platform = platform
        self._members = members
        self._lab = lab
        self._stages = 0
        needs: dict[str, int] = {}
        for member in members.values():
            for part, count in member.needs.items():
                needs[part] = max(needs.get(part, 0), count)
        self.postgres = Postgres()
        self.valkeys = [Valkey(master_name(number)) for number in range(1, needs.get("valkey", 0) + 1)]
        self.edge = Envoy(port=port)

    @property
    def logs(self) -> Path:
        """Where the processes of every stage write."""
        return self._platform.directory / "log"

    def open(self) -> None:
        """Start the shared parts and wait until each is ready."""
        self._platform.start(self.postgres, *self.valkeys, self.edge)

    def start(self, part: Part) -> None:
        """Start a part again that has ended, on its data and address, and wait until it is ready.

        Raises:
            StartFailed: it did not become ready.
        """
        self._platform.start(part)

    def endpoints(self, stage: Stage) -> dict[str, str]:
        """Return what a person needs to talk to the parts, as settings name it."""
        found = {"TRIVET_EDGE_URL": stage.url}
        for name, member in self._members.items():
            found[member.variable("READER_URL")] = stage.readers[name]
        if self.valkeys:
            found["TRIVET_VALKEY_URLS"] = ",".join(valkey.url for valkey in self.valkeys)
        return found

    @contextmanager
    def stage(
        self,
        name: str,
        settings: Mapping[str, Mapping[str, str]],
        *,
        lab: bool = False,
        linked: bool = False,
        variables: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Iterator[Stage]:
        """Put every member on stage with these settings, on databases of their own, and take them down again.

        ``settings`` maps a member's name to its variables, ``variables`` the name of one part to what it alone is
        started with. ``lab`` opens what is closed outside a lab. ``linked`` puts a link between every replica and
        every server, so that each can be broken alone.

        Raises:
            StageFailed: a migration failed or a replica did not become ready.
        """
        self._stages += 1
        programs: list[Program] = []
        readers: dict[str, str] = {}
        upstreams: list[Upstream] = []
        own = variables or {}
        links: list[Link] = []
        parts: dict[str, Part] = {}
        for member in self._members.values():
            database = f"{member.name}_{name}_{self._stages}".replace("-", "_")
            environment = self._environment(member, self.postgres.create_database(database), settings, lab=lab)
            readers[member.name] = self.postgres.reader_url(database)
            self._migrate(member, environment)
            for process in member.processes:
                names = [replica_name(member, process, number) for number in range(1, process.replicas + 1)]
                replicas = []
                for each in names:
                    wired, between = wire(f"{name}.{each}", member, environment) if linked else (environment, {})
                    replicas.append(self._program(f"{name}.{each}", member, process, wired | dict(own.get(each, {}))))
                    links += between.values()
                    parts |= {f"{each}{LINK_WORD}{server}": link for server, link in between.items()}
                programs += replicas
                parts |= dict(zip(names, replicas, strict=True))
                if process.http and member.edge:
                    endpoints = [program.listen for program in replicas if program.listen]
                    upstreams.append(Upstream(member.name, endpoints, member.edge, member.internal))
        try:
            if links:
                self._platform.start(*links)
            self._platform.start(*programs)
            self.edge.route(upstreams)
            parts |= {part.name: part for part in (*self.valkeys, self.postgres, self.edge)}
            yield Stage(name, self.edge.url, time.monotonic_ns(), programs, readers, parts)
        finally:
            self._together([program.stop for program in programs])
            self._together([link.stop for link in links])

    def _environment(
        self, member: Member, database_url: str, settings: Mapping[str, Mapping[str, str]], *, lab: bool
    ) -> dict[str, str]:
        own = {member.variable("DATABASE_URL"): database_url}
        if "valkey" in member.needs:
            urls = [valkey.url for valkey in self.valkeys[: member.needs["valkey"]]]
            own[member.variable("VALKEY_URLS")] = ",".join(urls)
        if lab:
            own["TRIVET_LAB"] = self._lab
        return own | dict(settings.get(member.name, {}))

    def _program(self, name: str, member: Member, process: Process, environment: Mapping[str, str]) -> Program:
        listen = f"127.0.0.1:{free_port()}" if process.http else None
        own = {member.variable("LISTEN"): listen} if listen else {}
        return Program(
            name=name,
            argv=[executable(process.command[0]), *process.command[1:]],
            env=dict(environment) | own,
            listen=listen,
            ready_url=f"http://{listen}/readyz" if listen else None,
        )

    def _migrate(self, member: Member, environment: Mapping[str, str]) -> None:
        if member.migrate is None:
            return
        argv = [executable(member.migrate[0]), *member.migrate[1:]]
        try:
            done = subprocess.run(
                argv,
                env=child_environment(environment),
                text=True,
                capture_output=True,
                check=False,
                timeout=MIGRATE_SECONDS_MAX,
            )
        except subprocess.TimeoutExpired as error:
            raise StageFailed(f"{member.name}: migrate did not end within {MIGRATE_SECONDS_MAX} s") from error
        if done.returncode != 0:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
            raise StageFailed(f"{member.name}: migrate ended with {done.returncode}\n{last}")

    def _together(self, works: Sequence[Callable[[], None]]) -> None:
        """Run each of these at once; the first error is raised after all have ended."""
        with ThreadPoolExecutor(max_workers=max(1, len(works))) as pool:
            for waiting in [pool.submit(work) for work in works]:
                waiting.result()
