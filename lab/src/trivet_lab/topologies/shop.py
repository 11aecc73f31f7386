"""The shop on one machine: PostgreSQL, Valkey masters, Kafka and Envoy once, services a stage at a time.

The parts are started once and shared; each *stage* puts fresh replicas, on fresh databases, behind the same
edge address. So three variants can be compared on one warm platform without sharing a row.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from trivet_lab.members import Member, Process, executable, last_lines, run_command
from trivet_lab.topologies.calling import environment_of_calls
from trivet_lab.topologies.casting import Cast, Replica
from trivet_lab.topologies.names import LINK_WORD, called, master_names, masters_of, need_kafka, on_stage, replicas
from trivet_lab.topologies.stage import Stage, StageFailed
from trivet_lab.topologies.starters import Starters
from trivet_lab.topologies.wiring import wire
from trivet_platform import (
    Certificate,
    Conditions,
    Envoy,
    Issuer,
    Kafka,
    Limits,
    Link,
    Part,
    Postgres,
    Program,
    Rate,
    Starter,
    Supervisor,
    Valkey,
    free_port,
)

MIGRATE_SECONDS_MAX = 60
DRAIN_DELAY_MS = 2000
"""A replica that is told to end serves on for so long: Envoy asks every second whether it is still ready."""


OF_A_PERSON = Rate(per_s=20, burst=40)
OF_PEOPLE = Limits(subject=OF_A_PERSON, address=Rate(per_s=100, burst=200))
"""What a shop takes of one person, and of one address, behind which there may be an office."""
OF_A_CROWD = Limits(subject=Rate(per_s=2_000, burst=4_000), address=Rate(per_s=20_000, burst=40_000))
"""A load generator has one address for a whole crowd, and few names for all who spend."""


class Shop:
    """The parts that every stage shares, and the stages put upon them."""

    def __init__(
        self,
        platform: Supervisor,
        members: Mapping[str, Member],
        lab: str,
        port: int | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        """Choose the parts that these members need.

        ``lab`` is the run's id and ``port`` the edge's wish; with a certificate the edge speaks TLS.
        """
        self._platform = platform
        self._members = members
        self._lab = lab
        self._stages = 0
        self._starters = Starters(platform, members.values())
        self.postgres = Postgres()
        self.valkeys = [Valkey(each) for each in master_names(members.values())]
        self.kafka = Kafka() if need_kafka(members.values()) else None
        self.issuer = Issuer()
        doors = called(list(members.values()))
        self.edge = Envoy(port=port, issuer=self.issuer, certificate=certificate, doors=doors)

    @property
    def _shared(self) -> list[Postgres | Valkey | Kafka | Issuer | Envoy]:
        """The parts that every stage stands upon."""
        return [self.postgres, *self.valkeys, *([self.kafka] if self.kafka else []), self.issuer, self.edge]

    @property
    def logs(self) -> Path:
        """Where the processes of every stage write."""
        return self._platform.directory / "log"

    def open(self) -> None:
        """Start the shared parts and wait until each is ready."""
        self._platform.start(*self._shared, *self._starters.parts)

    def starter(self, member: Member) -> Starter:
        """Return what starts the commands of a member as it is committed."""
        return self._starters.of(member)

    def start(self, part: Part) -> None:
        """Start a part again that has ended, on its data and address, and wait until it is ready.

        Raises:
            StartFailed: it did not become ready.
        """
        self._platform.start(part)

    def endpoints(self, stage: Stage) -> dict[str, str]:
        """Return what a person needs to talk to the parts, as settings name it."""
        found = {"TRIVET_EDGE_URL": stage.url, "TRIVET_ISSUER_URL": self.issuer.url}
        if self.edge.authority_file is not None:
            found["TRIVET_EDGE_CA_FILE"] = str(self.edge.authority_file)
        for name, url in stage.readers.items():
            found[self._members[name].variable("READER_URL")] = url
        quorum: list[Valkey] = []
        for member in self._members.values():
            masters = self._masters(member)
            if len(masters) == 1:
                found[member.variable("VALKEY_URLS")] = masters[0].url
            else:
                quorum = max(quorum, masters, key=len)
        if quorum:
            found["TRIVET_VALKEY_URLS"] = ",".join(valkey.url for valkey in quorum)
        if self.kafka:
            found["TRIVET_KAFKA_SERVERS"] = self.kafka.servers
        return found

    def _masters(self, member: Member) -> list[Valkey]:
        """Return the Valkey masters that a member uses."""
        names = masters_of(member)
        return [valkey for valkey in self.valkeys if valkey.name in names]

    @contextmanager
    def stage(
        self,
        name: str,
        settings: Mapping[str, Mapping[str, str]],
        *,
        lab: bool = False,
        links: Collection[str] = (),
        conditions: Mapping[str, Conditions] | None = None,
        members: Collection[str] | None = None,
        limits: Limits = OF_A_CROWD,
    ) -> Iterator[Stage]:
        """Put members on stage with these settings, on databases of their own, and take them down again.

        ``members`` names those that are needed, all when None: a shop that is open for several scenarios has members
        that one of them never speaks to. ``settings`` maps a member's name to its variables, ``conditions`` the name of
        one part to what it alone is started under; shared parts that ran under others are started again. ``lab`` opens
        what is closed outside a lab. ``links`` names those (of ``link_names``) that are put between replicas and what
        they use, so that each can be broken alone; one costs a process. ``limits`` are what the edge takes of one
        client. A process that calls somebody who is not on stage is left out: it would have no work, and orders wait.

        Raises:
            StageFailed: a migration failed or a replica did not become ready.
            CommandError: a member's command is nowhere, or its migration did not end in time.
        """
        self._stages += 1
        own = conditions or {}
        self._prepare(own)
        chosen = self._chosen(members)
        readers: dict[str, str] = {}
        environments: dict[str, dict[str, str]] = {}
        for member in chosen:
            database = f"{member.name}_{name}_{self._stages}".replace("-", "_")
            url = self.postgres.create_database(database)
            environments[member.name] = self._environment(member, url, settings, lab=lab)
            readers[member.name] = self.postgres.reader_url(database)
        self._together([functools.partial(self._migrate, each, environments[each.name]) for each in chosen])
        cast = Cast()
        for member in chosen:
            for process in on_stage(member, chosen):
                wired = self._led(member, process, environments[member.name])
                found = [self._replica(name, each, member, process, wired, links) for each in replicas(member, process)]
                for replica in found:
                    replica.program.conditions = own.get(replica.name, Conditions())
                cast.add(member, process, found)
        try:
            if cast.links:
                self._platform.start(*cast.links)
            self._platform.start(*cast.programs)
            self.edge.route(cast.upstreams, limits)
            parts = cast.parts | {part.name: part for part in self._shared}
            limit = functools.partial(self.edge.route, cast.upstreams)
            kafka = self.kafka.servers if self.kafka else ""
            epoch_ns = time.monotonic_ns()
            yield Stage(
                name, self.edge.url, epoch_ns, cast.programs, readers, parts, self.issuer, limit, cast.inside, kafka
            )
        finally:
            self._take_down(cast.programs, cast.links)
            self._starters.forget(environments.values())

    def _led(self, member: Member, process: Process, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a process with the way to whom it calls; what a scenario set goes before."""
        if not process.calls:
            return dict(environment)
        tokens = self._platform.scratch("tokens")
        return environment_of_calls(member, process, self._members, self.edge, self.issuer, tokens) | dict(environment)

    def _replica(
        self,
        stage: str,
        name: str,
        member: Member,
        process: Process,
        environment: Mapping[str, str],
        links: Collection[str],
    ) -> Replica:
        prefix = f"{name}{LINK_WORD}"
        wanted = {link.removeprefix(prefix) for link in links if link.startswith(prefix)}
        wired, between = wire(f"{stage}.{name}", member, environment, process.calls, wanted)
        return Replica(name, self._program(f"{stage}.{name}", member, process, wired), between)

    def _chosen(self, names: Collection[str] | None) -> list[Member]:
        """Return the members of these names; ``KeyError`` for one that the shop was not opened for."""
        return [self._members[name] for name in (self._members if names is None else names)]

    def _take_down(self, programs: Sequence[Program], links: Sequence[Link]) -> None:
        """Stop the services, and then the links that they used, even if a service does not go."""
        try:
            self._together([program.dismiss for program in programs])
        finally:
            self._together([link.stop for link in links])

    def _prepare(self, conditions: Mapping[str, Conditions]) -> None:
        """Make the shared parts as a stage finds them: alive, under its conditions, and without a trace of the last.

        A running process cannot change its conditions, so it is started again. One that a broken run left dead or
        standing still would break every stage after it, and a lock that outlives its stage turns the next one's buyers
        away: all stages sell items of the same names. Their consumers have the same names too: one that found the last
        stage's events, or its offsets, would tell of orders that nobody placed, or miss the first that somebody did.
        """
        wanted = {part.name: conditions.get(part.name, Conditions()) for part in self._shared}
        for part in self._shared:
            part.resume()
        others = [part for part in self._shared if part.conditions != wanted[part.name] or not part.pids]
        self._together([part.stop for part in others])
        for part in others:
            part.conditions = wanted[part.name]
        gone = [part for part in self._starters.parts if not part.pids]
        if others or gone:
            self._platform.start(*others, *gone)
        for valkey in self.valkeys:
            valkey.flush()
        if self.kafka:
            self.kafka.forget()

    def _environment(
        self, member: Member, database_url: str, settings: Mapping[str, Mapping[str, str]], *, lab: bool
    ) -> dict[str, str]:
        own = {
            member.variable("DATABASE_URL"): database_url,
            member.variable("JWKS_URL"): self.issuer.jwks_url,
            member.variable("TOKEN_ISSUER"): self.issuer.url,
        }
        if masters := self._masters(member):
            own[member.variable("VALKEY_URLS")] = ",".join(valkey.url for valkey in masters)
        if self.kafka and need_kafka([member]):
            own[member.variable("KAFKA_SERVERS")] = self.kafka.servers
        if lab:
            own["TRIVET_LAB"] = self._lab
        return own | dict(settings.get(member.name, {}))

    def _program(self, name: str, member: Member, process: Process, environment: Mapping[str, str]) -> Program:
        listen = f"127.0.0.1:{free_port()}" if process.http else None
        own = (
            {member.variable("LISTEN"): listen, member.variable("DRAIN_DELAY_MS"): str(DRAIN_DELAY_MS)}
            if listen
            else {}
        )
        return Program(
            name=name,
            argv=[executable(process.command[0], environment), *process.command[1:]],
            env=own | dict(environment),
            listen=listen,
            ready_url=f"http://{listen}/readyz" if listen else None,
            starter=self._starters.of(member, environment),
        )

    def _migrate(self, member: Member, environment: Mapping[str, str]) -> None:
        if member.migrate is None:
            return
        done = run_command(member.migrate, environment, MIGRATE_SECONDS_MAX, self._starters.of(member, environment))
        if done.returncode != 0:
            raise StageFailed(
                f"{member.name}: migrate ended with {done.returncode}\n{last_lines(done.stdout + done.stderr)}"
            )

    def _together(self, works: Sequence[Callable[[], None]]) -> None:
        """Run each of these at once; the first error is raised after all have ended."""
        with ThreadPoolExecutor(max_workers=max(1, len(works))) as pool:
            for waiting in [pool.submit(work) for work in works]:
                waiting.result()
