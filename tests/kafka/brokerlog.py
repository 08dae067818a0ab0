"""Apache Kafka as something the bus's contract can be tried on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from shared.log.bus import open_bus
from shared.log.bus.kafkaurl import connection_options
from tests.shared.bus.logs import KafkaLog


class BrokerLog(KafkaLog):
    def __init__(self, url: str) -> None:
        self.url = url

    async def create(self, topic: str, partitions: int) -> None:
        bus = open_bus(self.url)
        await bus.ensure_topics([topic], partitions)
        await bus.stop()

    async def truncate(self, topic: str, partition: int, before: int) -> None:
        async with administered(self.url) as admin:
            await admin.delete_records({TopicPartition(topic, partition): RecordsToDelete(before_offset=before)})


@asynccontextmanager
async def administered(url: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """What Kafka's operators do to it."""
    admin = AIOKafkaAdminClient(**connection_options(url))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
