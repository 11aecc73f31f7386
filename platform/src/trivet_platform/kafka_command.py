"""How Kafka's programs are called: the Java machine's flags, and a broker's properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from trivet_platform.binaries import java
from trivet_platform.server import HOST

_NODE = 1
FLAGS = (
    # So that its sockets stand where `sockets.listens` looks, and no name leads it elsewhere.
    "-Djava.net.preferIPv4Stack=true",
    "-Xmx256m",
    "-Xms64m",
    "-XX:+UseSerialGC",
    # A broker of a lab lives for minutes: what the second compiler would win it never earns back.
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",  # files in /tmp that whoever is killed leaves behind
    # Kafka calls what Java 25 warns of, and the cache's own warnings are of no use to who reads a broker's log.
    "--sun-misc-unsafe-memory-access=allow",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)

_PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": str(_NODE),
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # One node holds the only copy of everything that Kafka keeps for itself.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "log.cleaner.dedupe.buffer.size": "4194304",
    # After SIGKILL it waits until its own last session is over; with Kafka's nine seconds a restart takes thirteen.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
}


def kafka_command(
    jars: Sequence[Path], place: Path, main: str, words: Sequence[str | Path], *flags: str
) -> list[str | Path]:
    """Return the command line of one of Kafka's programs; ``flags`` are the Java machine's, beside the usual ones.

    What its libraries unpack goes to ``place``, which its owner removes, also after a SIGKILL.
    """
    return [java(), *FLAGS, f"-Djava.io.tmpdir={place}", *flags, "-cp", ":".join(map(str, jars)), main, *words]


def write_properties(file: Path, data: Path, port: int, controller_port: int, settings: Mapping[str, str]) -> None:
    """Write what a node is started with: clients come to ``port``, its own controller is at ``controller_port``."""
    client, controller = f"{HOST}:{port}", f"{HOST}:{controller_port}"
    own = {
        "controller.quorum.voters": f"{_NODE}@{controller}",
        "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{client}",
        "log.dirs": str(data),
    }
    file.write_text("".join(f"{name}={value}\n" for name, value in (_PROPERTIES | dict(settings) | own).items()))
