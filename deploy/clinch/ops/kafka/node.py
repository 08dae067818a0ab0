"""One node of Apache Kafka on loopback, broker and controller in one (KRaft)."""

import asyncio
import base64
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from clinch.errors import CommandError
from clinch.ops.kafka.jars import PINS
from clinch.ops.kafka.process import BrokerProcess

HOST = "127.0.0.1"
REPLICAS = 3  # of Kafka's own topics, where there are as many nodes
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # half the processor time until it answers; more speed would show under load only
ASK_SECONDS = 0.2  # between two questions whether it answers


@dataclass(frozen=True)
class Node:
    """`controllers` are the controller ports of all nodes of the cluster, the first node's first; `settings` go on top of ours."""

    folder: Path
    port: int
    controllers: Sequence[int]
    number: int = 1
    heap: int = 512
    """Megabytes."""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @cached_property
    def process(self) -> BrokerProcess:
        return BrokerProcess(self.folder)

    def start(self, java: str, jars: Path, cluster: str) -> None:
        """Start it; its storage is formatted at the first time, for the cluster of that id. It answers some seconds later."""
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.process.properties
        properties.write_text("".join(f"{name}={value}\n" for name, value in self._all_settings().items()))
        run = [java, f"-Xmx{self.heap}m", *QUICK, f"-Dlog4j2.configurationFile={PINS / 'log4j2.properties'}", "-cp", f"{jars}/*"]
        if not (self.folder / "log" / "meta.properties").exists():
            command = ["kafka.tools.StorageTool", "format", "--cluster-id", cluster, "--config", str(properties)]
            done = subprocess.run([*run, *command], capture_output=True, text=True, check=False)
            if done.returncode:
                reason = (done.stderr + done.stdout).strip().partition("\n")[0]
                raise CommandError(f"Kafka's storage in {self.folder} could not be formatted: {reason}")
        self.process.start([*run, "kafka.Kafka", str(properties)], self.port)

    def _all_settings(self) -> dict[str, str]:
        copies = str(min(REPLICAS, len(self.controllers)))
        return {
            "process.roles": "broker,controller",
            "node.id": str(self.number),
            "controller.quorum.voters": ",".join(f"{number}@{HOST}:{port}" for number, port in enumerate(self.controllers, start=1)),
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{HOST}:{self.controllers[self.number - 1]}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "log"),
            # A topic that is made by chance has a number of partitions by chance.
            "auto.create.topics.enable": "false",
            # Offsets are in the services' databases; Kafka's own copy serves dashboards. 50 partitions would only slow the first start.
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            **self.settings,
        }


def new_cluster_id() -> str:
    """As Kafka makes them: a random UUID in base64, not beginning with a hyphen, which a command line would misread."""
    while (made := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made


def free_ports(count: int) -> list[int]:
    """Different ones: all are held until the last is found."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def is_free(port: int) -> bool:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just given up is free
        try:
            listening.bind((HOST, port))
        except OSError:
            return False
    return True


async def until_they_answer(nodes: Sequence[Node], timeout: float) -> None:
    """Return when each node tells of all of them. Raises CommandError when one has ended, or after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    for node in nodes:
        while await brokers_known_to(node.address) < len(nodes):
            if node.process.running() is None:
                raise CommandError(f"Kafka ended before it was ready: {node.process.last_words()} (all of it in {node.process.log})")
            if time.monotonic() > deadline:
                raise CommandError(f"Kafka on {node.address} did not answer within {timeout:.0f} s; {node.process.log} may say why.")
            await asyncio.sleep(ASK_SECONDS)


async def brokers_known_to(address: str) -> int:
    """How many brokers the one at `address` tells of; 0 when it does not answer. A metadata request, as every client begins with."""
    from aiokafka.admin import AIOKafkaAdminClient

    from shared.log.bus import BusError
    from shared.log.bus.kafkadriver import as_bus_errors
    from shared.log.bus.kafkaurl import connection_options

    admin = AIOKafkaAdminClient(**connection_options(f"kafka://{address}") | {"client_id": "clinch", "request_timeout_ms": 3000})
    try:
        with as_bus_errors():
            await admin.start()
            return len((await admin.describe_cluster())["brokers"])
    except BusError:
        return 0
    finally:
        await admin.close()
