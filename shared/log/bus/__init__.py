"""The log behind the relay: publish messages to topics, read them back in order, per partition.

Two implementations keep one contract (tests/shared/bus/test_contract.py): `kafka.py` for Apache Kafka, `pglog.py` for
a log in Postgres. Delivery is at least once; order is kept per key. Readers keep their offsets in their own database,
so the log never decides where a reader goes on.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

TopicPartition = tuple[str, int]
Positions = Callable[[Sequence[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]]


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way to a topic; the key decides the partition, and so the order."""

    topic: str
    key: str
    value: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message of the log, at its place."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: dict[str, str]


class BusError(Exception):
    """The log refused. Trying the same again is not expected to help."""


class BusUnavailable(BusError):
    """The log does not answer now. Wait and try again: nothing has to be reset by hand."""


class UnknownTopic(BusError):
    """The topic was not created yet (`Bus.ensure_topics`). Never created by itself: it would get a number of partitions by chance."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"the topic {topic} does not exist")
        self.topic = topic


class TopicRefused(BusError):
    """The log takes nothing for this topic: its name is not allowed, or this client has no permission. Other topics are not affected."""

    def __init__(self, topic: str, why: str) -> None:
        super().__init__(f"the log takes nothing for the topic {topic}: {why}")
        self.topic = topic


class MessageRefused(BusError):
    """The log refuses one or more of these messages because of what they are, for example their size. It takes others."""

    def __init__(self, messages: Sequence[Message], why: str) -> None:
        super().__init__(f"the log refuses the message: {why}")
        self.messages = messages


class OffsetOutOfRange(BusError):
    """A stored offset lies outside the log: messages that were never read are gone, or the log was replaced.

    Going on from another offset would skip events in silence, so a reader stops here until somebody decides.
    """

    def __init__(self, partition: TopicPartition, stored: int, beginning: int, end: int) -> None:
        super().__init__(
            f"{partition[0]}[{partition[1]}]: the stored offset {stored} is outside the log, which holds {beginning} up to {end}"
        )
        self.topic, self.partition = partition
        self.stored = stored
        self.beginning = beginning
        self.end = end


class Reader(ABC):
    """A member of a consumer group; which partitions it holds may change between polls.

    Another member can be given a partition while a batch of it is still being worked on (Kafka shares anew at any time,
    and either log when the connection is cut): the compare-and-set of the stored offset decides who was right.
    """

    @abstractmethod
    async def poll(self, limit: int, timeout: float) -> list[Delivered]:
        """Up to `limit` consecutive messages of one partition; an empty list after `timeout` seconds.

        Partitions with messages take turns. Raises OffsetOutOfRange, and again on each call until the stored offset
        is put right; BusUnavailable when the log does not answer and UnknownTopic while a topic is missing, both after a
        short back-off, so that a plain loop around `poll` is not a busy one; and whatever `positions` raises.
        """

    @abstractmethod
    async def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read `partition` from `offset` next, after a batch failed. Nothing happens when it is no longer held."""

    @abstractmethod
    async def committed(self, partition: TopicPartition, offset: int) -> None:
        """Show the log that the next offset to read is `offset`: for lag dashboards only, so failures are not raised."""

    @property
    @abstractmethod
    def held(self) -> frozenset[TopicPartition]:
        """The partitions that this reader serves now."""

    @property
    @abstractmethod
    def last_poll_age(self) -> float:
        """Seconds since the log last answered a poll (or since the reader was made): the figure for readiness."""

    @abstractmethod
    async def close(self) -> None:
        """Leave the group, within a few seconds whatever the log does."""


class Bus(ABC):
    """A connection to the log. It connects when first used and again after each failure."""

    @abstractmethod
    async def start(self) -> None:
        """Get ready. Does not need the log to be up."""

    @abstractmethod
    async def stop(self) -> None:
        """Close every connection, within a few seconds whatever the log does."""

    @abstractmethod
    async def ensure_topics(self, topics: Sequence[str], partitions: int = 8) -> None:
        """Create what is missing. An existing topic keeps its partitions: another count would move keys.

        Raises TopicRefused for one that cannot be created.
        """

    async def replicas_missing(self, topics: Sequence[str]) -> dict[str, int]:
        """How many replicas in sync each topic lacks, of those that it has or could have; none in a log that keeps one copy."""
        return dict.fromkeys(topics, 0)

    @abstractmethod
    async def publish(self, messages: Sequence[Message]) -> None:
        """Returns when all are durable. When it raises, some may be in the log: publish the whole batch again.

        Raises MessageRefused or TopicRefused when publishing the same again cannot help but publishing the others may; UnknownTopic;
        BusUnavailable when the log is away. After each of them no message is in the log behind a missing one of the same key.
        """

    @abstractmethod
    def reader(self, group: str, topics: Sequence[str], positions: Positions) -> Reader:
        """A new member of `group`. `positions` gives the next offset to read of each partition, asked whenever some are assigned."""

    @abstractmethod
    async def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Delivered]:
        """Up to `limit` messages from `offset` on, outside any group; empty at the end of the log.

        Raises OffsetOutOfRange, UnknownTopic, BusUnavailable.
        """

    @abstractmethod
    async def beginning_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        """The first offset still in the log, per partition; the end offset where it is empty."""

    @abstractmethod
    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        """The offset that the next message will get, per partition."""


def check_url(url: str) -> None:
    """Raises ValueError, which does not repeat the URL, where `open_bus` would."""
    scheme = urlsplit(url).scheme
    if scheme in ("kafka", "kafkas"):
        from shared.log.bus.kafkaurl import connection_options

        connection_options(url)
    elif scheme not in ("postgresql", "postgres"):
        raise ValueError("a bus URL starts with postgresql://, kafka:// or kafkas://")


def open_bus(url: str, *, client: str = "clinch") -> Bus:
    """The bus at `url`: `postgresql://...` or `kafka://host:port[,host:port]` (`kafkas://` for TLS).

    `client` names the connections towards the log's operators. Raises ValueError for any other URL.
    """
    check_url(url)
    if urlsplit(url).scheme.startswith("postgres"):
        from shared.log.bus.pglog import PgLog

        return PgLog(url, client=client)
    from shared.log.bus.kafka import KafkaBus

    return KafkaBus(url, client=client)
