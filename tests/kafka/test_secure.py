"""A broker that asks who we are, over TLS from an authority of its own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, AdminClient, ResourcePatternType, ResourceType

from clinch.ops.kafka.node import HOST
from shared.log.bus import BusError, open_bus
from shared.log.bus.kafkareader import KafkaReader
from tests.kafka.certificates import Authority
from tests.kafka.cluster import Cluster
from tests.ports import free_ports
from tests.shared.bus.reading import Consumer, message

PASSWORD = "p@ss/word"
LOGIN = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_clinch="{PASSWORD}";'


RIGHTS = {
    (ResourceType.TOPIC, "clinch."): (AclOperation.CREATE, AclOperation.DESCRIBE, AclOperation.READ, AclOperation.WRITE),
    (ResourceType.GROUP, ""): (AclOperation.READ,),
}
"""All that the workers' user needs, by the beginning of a name (docs/operations/kafka.md)."""


def allow(address: str) -> None:
    admin = AdminClient({"bootstrap.servers": address})
    for (kind, prefix), operations in RIGHTS.items():
        pattern = (prefix, ResourcePatternType.PREFIXED) if prefix else ("*", ResourcePatternType.LITERAL)
        for operation in operations:
            made = admin.create_acls([AclBinding(kind, *pattern, "User:clinch", "*", operation, AclPermissionType.ALLOW)])
            for one in made.values():
                one.result(30)


@dataclass
class Guarded:
    """Three listeners besides the plain one: password, password over TLS, client certificate over TLS."""

    sasl: int
    sasl_tls: int
    mutual_tls: int
    ca_file: Path
    cert_file: Path
    key_file: Path


@pytest.fixture(scope="module")
async def guarded(broker_folder: Path) -> AsyncIterator[Guarded]:
    cluster = Cluster(broker_folder / "guarded", 1)
    [node] = cluster.nodes
    authority = Authority(broker_folder)
    cert_file, key_file = authority.issue("broker")
    keys = broker_folder / "broker-both.pem"
    keys.write_bytes(key_file.read_bytes() + cert_file.read_bytes())
    ports = free_ports(3)
    protocols = dict(zip(("SASL", "SASLTLS", "MUTUAL"), ("SASL_PLAINTEXT", "SASL_SSL", "SSL"), strict=True))
    extra = [f"{name}://{HOST}:{port}" for name, port in zip(protocols, ports, strict=True)]
    settings = {
        "listeners": ",".join([f"PLAINTEXT://{node.address}", f"CONTROLLER://{HOST}:{node.controllers[0]}", *extra]),
        "listener.security.protocol.map": ",".join(
            f"{name}:{protocol}" for name, protocol in {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", **protocols}.items()
        ),
        "sasl.enabled.mechanisms": "PLAIN",
        **{f"listener.name.{name}.plain.sasl.jaas.config": LOGIN for name in ("sasl", "sasltls")},
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keys),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.ca_file),
        "listener.name.mutual.ssl.client.auth": "required",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:CN=client",
    }
    cluster.nodes[0] = replace(node, settings=settings)
    try:
        await cluster.start()
        allow(node.address)
        yield Guarded(*ports, authority.ca_file, *authority.issue("client"))
    finally:
        cluster.stop()


def urls(guarded: Guarded) -> dict[str, str]:
    ca, ours = f"ca_file={guarded.ca_file}", f"cert_file={guarded.cert_file}&key_file={guarded.key_file}"
    return {
        "password": f"kafka://clinch:p%40ss%2Fword@{HOST}:{guarded.sasl}",
        "password over TLS": f"kafkas://clinch:p%40ss%2Fword@{HOST}:{guarded.sasl_tls}?{ca}",
        "certificate": f"kafkas://{HOST}:{guarded.mutual_tls}?{ca}&{ours}",
    }


@pytest.mark.parametrize("way", ["password", "password over TLS", "certificate"])
async def test_everything_works_for_those_who_are_let_in(guarded: Guarded, way: str) -> None:
    bus = open_bus(urls(guarded)[way])
    topic = f"clinch.test-{uuid4().hex[:12]}.events.v1"
    await bus.ensure_topics([topic])
    await bus.publish([message(topic, f"k{number}", number) for number in range(50)])
    consumer = Consumer()
    reader = bus.reader("g", [topic], consumer.positions)
    assert isinstance(reader, KafkaReader)
    await consumer.read_all(reader, 50, timeout=180)
    assert reader._consumer is not None
    place = TopicPartition(topic, consumer.seen[-1].partition)
    assert await reader._consumer.committed(place), "for the lag dashboards"
    await asyncio.wait_for(bus.stop(), 30)


@pytest.mark.parametrize(
    ("lack", "why"), [("the password", "or password"), ("the authority", "verify failed"), ("a certificate", "closed")]
)
async def test_those_who_are_not_are_refused_and_told_why(guarded: Guarded, lack: str, why: str) -> None:
    way = urls(guarded)
    url = {
        "the password": way["password"].replace("p%40ss", "guess"),
        "the authority": way["password over TLS"].partition("?ca_file=")[0],
        "a certificate": way["certificate"].partition("&cert_file=")[0],
    }[lack]
    bus = open_bus(url)
    with pytest.raises(BusError, match=why) as refused:
        await bus.ensure_topics(["clinch.nothing.v1"])
    assert "ss%2Fword" not in str(refused.value)
    assert "ss/word" not in str(refused.value)
    await asyncio.wait_for(bus.stop(), 30)
