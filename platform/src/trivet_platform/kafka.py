"""One Apache Kafka 4 node in KRaft mode: broker and controller in one process, small in memory."""

from __future__ import annotations

import base64
import re
import shutil
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from trivet_platform.errors import PlatformError
from trivet_platform.kafka_cache import Kept, Shelf
from trivet_platform.kafka_command import kafka_command, write_properties
from trivet_platform.kafka_wire import NONE, KafkaRefused, KafkaWire
from trivet_platform.part import Site
from trivet_platform.process import Process
from trivet_platform.server import HOST, ServerPart
from trivet_platform.settings import download_environment
from trivet_platform.sockets import free_port

SET_UP = "trivet_platform.kafka_setup"
_PROBE_TIMEOUT_S = 1
_PATIENCE_S = 10
_POLL_S = 0.02
_EXISTS = 36


class KafkaFailed(PlatformError):
    """A Kafka did not do what its owner asked for; the sentence says what and why."""


class Kafka(ServerPart):
    """A node on loopback, its controller's listener too. It keeps its data over restarts until the platform ends.

    Kafka acknowledges what is in the page cache, which SIGKILL leaves whole and a power cut does not. After SIGKILL it
    is back in three seconds and more: it waits until its own last session is over. The jars, a formatted directory and
    an AOT cache are made at the first start on a machine (``kafka_cache.py``), in a process that its log tells of.

    Topics are made by who needs them, never by being named. Of its ``conditions``, ``disk_bytes`` says nothing to it,
    and nobody can ask it for its wall clock, so that the lab lets none of its clocks jump. Clients follow the address
    that it advertises: a ``Link`` before it carries their first question and nothing after that.
    """

    preparing = "making what every Kafka of this machine starts from, once; its log says how far it is"

    def __init__(
        self, name: str = "kafka", settings: Mapping[str, str] | None = None, shelf: Shelf | None = None
    ) -> None:
        super().__init__(name)
        self._settings = dict(settings or {})
        self._shelf = shelf or Shelf()
        self._kept: Kept | None = None

    @property
    def servers(self) -> str:
        """Where clients begin."""
        return f"{HOST}:{self.port}"

    @property
    def endpoints(self) -> dict[str, str]:
        """Where clients begin."""
        return {"servers": self.servers}

    def prepare(self, site: Site) -> Process | None:
        """Begin to make what is kept for every Kafka, unless it is there."""
        kept = self._shelf.find() if self._kept is None else None
        self._kept = kept if kept is not None and kept.is_all else self._kept
        if self._kept is not None:
            return None
        return site.spawn([sys.executable, "-m", SET_UP, self._shelf.folder], download_environment())

    def spawn(self, site: Site) -> Process:
        """Spawn it on ``self.port``, with its controller on a port that nobody needs to know.

        Raises:
            KafkaFailed: what was made for it is gone again.
        """
        # A cache that could not be trained is gone without; everything else has been made or the set-up has failed.
        kept = self._kept = self._kept or self._shelf.find()
        if kept is None:
            raise KafkaFailed(f"{self._shelf.folder} has changed since it was prepared")
        data, properties = site.directory / "data", site.directory / "server.properties"
        _format(kept.template, data)
        write_properties(properties, data, self.port, free_port(HOST), self._settings)
        argv = kafka_command(kept.jars, site.directory, "kafka.Kafka", [properties], *self.aot_flags(kept))
        return site.spawn(argv, self.environment(site.directory))

    def aot_flags(self, kept: Kept) -> list[str]:
        """Return what its Java is told of an AOT cache."""
        return [f"-XX:AOTCache={kept.aot}"] if kept.aot else []

    def probe(self) -> str | None:
        """Return None when a Metadata answer shows this broker: it is registered, and serves what it leads."""
        try:
            with self._wire(_PROBE_TIMEOUT_S) as wire:
                brokers = wire.cluster().brokers
        except KafkaRefused as error:
            return f"Metadata: {error}"
        return None if (HOST, self.port) in brokers else f"Metadata shows {brokers or 'no broker'} yet"

    def create_topic(self, name: str, partitions: int = 1) -> None:
        """Make a topic, or find it made; return when the broker shows it.

        Race: what the controller has made the broker learns from its log, some milliseconds after the answer. A client
        that asks in between is told that there is no such topic, and some then wait for seconds before they ask again.

        Raises:
            KafkaFailed: it is not there.
        """
        deadline = time.monotonic() + _PATIENCE_S
        try:
            with self._wire(_PATIENCE_S) as wire:
                error = wire.create_topic(name, partitions, _PATIENCE_S * 1000)
                while error in {NONE, _EXISTS} and name not in wire.cluster().topics:
                    if time.monotonic() > deadline:
                        raise KafkaFailed(f"{self.name} made {name} and does not show it")
                    time.sleep(_POLL_S)
        except KafkaRefused as refused:
            raise KafkaFailed(f"{self.name} does not make {name}: {refused}") from refused
        if error not in {NONE, _EXISTS}:
            raise KafkaFailed(f"{self.name} does not make {name}: error {error}")

    def forget(self) -> None:
        """Delete every topic and every consumer group, so that who comes next finds an empty broker.

        Race: a member that was killed is in its group until its session runs out, and a group with members cannot be
        deleted; so members are sent away first. One that lives would come back: whoever calls this has ended them. A
        topic is gone for clients some time after its deletion was acknowledged, so this returns when none is shown;
        otherwise the next owner of the name would write into the last one's topic and lose it. Members of the newer
        group protocol (KIP-848) cannot be sent away and must have left.

        Raises:
            KafkaFailed: something is still there after ten seconds.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while (left := self._forget_once()) is not None:
            if time.monotonic() > deadline:
                raise KafkaFailed(f"{self.name} keeps what it has: {left}")
            time.sleep(_POLL_S)

    def _forget_once(self) -> str | None:
        """Delete what is shown; return what there was, None if there was nothing."""
        try:
            with self._wire(_PATIENCE_S) as wire:
                topics, groups = wire.cluster().topics, wire.groups()
                if topics:
                    wire.delete_topics(topics, _PATIENCE_S * 1000)
                for group in groups:
                    for member in wire.members(group):
                        wire.expel(group, member)
                if groups:
                    wire.delete_groups(groups)
        except KafkaRefused as error:
            return str(error)
        return f"topics {topics}, groups {groups}" if topics or groups else None

    def _wire(self, timeout_s: float) -> KafkaWire:
        return KafkaWire(HOST, self.port, timeout_s)


def _format(template: Path, data: Path) -> None:
    """Make a node's data directory if it is not there: the template's copy, and ids that no other node has."""
    if data.exists():
        return
    fresh = data.with_name(f"{data.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)  # from a start that was killed halfway
    shutil.copytree(template, fresh)
    known = fresh / "meta.properties"
    ids = {"cluster.id": _new_id(), "directory.id": _new_id()}
    known.write_text(
        re.sub(
            r"^(cluster\.id|directory\.id)=.*$",
            lambda found: f"{found[1]}={ids[found[1]]}",
            known.read_text(),
            flags=re.MULTILINE,
        )
    )
    fresh.rename(data)


def _new_id() -> str:
    """Return a random id as Kafka writes its own: 22 characters, which never begin with a dash."""
    while (found := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        continue
    return found
