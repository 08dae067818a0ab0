"""What aiokafka needs to be told, and where it has to be helped: its options, errors and ends."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, errors
from aiokafka.client import ConnectionGroup
from aiokafka.structs import ConsumerRecord

from shared.log.bus import BusError, BusUnavailable, Delivered, Message, MessageRefused, TopicRefused

log = logging.getLogger(__name__)

_why: ContextVar[str] = ContextVar("why no connection came about", default="")


class _Why(logging.Handler):
    """A wrong password or an unknown authority is told in aiokafka's log only: kept for the exception that its caller gets."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "aiokafka":  # the connections; its parts have names below that
            _why.set(record.getMessage())


# What goes wrong reaches our callers as exceptions, who say it once; aiokafka says it several times a second until it is over.
_chatter = logging.getLogger("aiokafka")
_chatter.setLevel(logging.ERROR)
_chatter.propagate = False
_chatter.addHandler(_Why())

REQUEST_TIMEOUT = 8.0  # seconds; joining a group may take a session timeout
READ_TIMEOUT = 3.0  # for one request of a reader, which is answered within half a second; a frozen broker costs this once or more
READ_BYTES = 4 * 1024 * 1024  # in one answer, so that a slow line is not taken for a silent broker
CLOSE_TIMEOUT = 3.0

# What the next attempt meets again. Everything else is cured by waiting or by a new producer or consumer.
LASTING = (
    errors.MessageSizeTooLargeError,
    errors.RecordListTooLargeError,
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.AuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.UnsupportedVersionError,
    errors.IncompatibleBrokerVersion,
    errors.InvalidTopicError,
    errors.InvalidReplicationFactorError,
    errors.PolicyViolationError,
)
OF_THE_MESSAGE = (
    errors.MessageSizeTooLargeError,  # RecordTooLarge, in the words of Java
    errors.RecordListTooLargeError,
    errors.RecordTooLargeError,
    errors.InvalidTimestampError,
    UnicodeError,
    OverflowError,
    TypeError,
)
OF_THE_TOPIC = (
    errors.TopicAuthorizationFailedError,
    errors.InvalidTopicError,
    errors.PolicyViolationError,
    errors.UnsupportedForMessageFormatError,  # a topic that keeps a format without headers
)
OF_A_NEW_TOPIC = (*OF_THE_TOPIC, errors.InvalidPartitionsError, errors.InvalidConfigurationError, errors.ClusterAuthorizationFailedError)


@contextmanager
def as_bus_errors() -> Iterator[None]:
    """Turn the driver's exceptions into this package's."""
    _why.set("")
    try:
        yield
    except LASTING as error:
        raise BusError(f"Kafka refused: {error}") from error
    except (errors.KafkaError, OSError) as error:  # TimeoutError is an OSError
        why = _why.get() if isinstance(error, errors.KafkaConnectionError) else ""
        raise BusUnavailable(f"Kafka does not answer: {why or str(error) or type(error).__name__}") from error


@contextmanager
def refusing(topic: str, messages: Sequence[Message]) -> Iterator[None]:
    """Tell what is wrong with one of `messages`, or with their topic, from what is wrong with the cluster."""
    try:
        yield
    except OF_THE_MESSAGE as error:
        raise MessageRefused(messages, f"{type(error).__name__}: {error}") from error
    except OF_THE_TOPIC as error:
        raise TopicRefused(topic, f"{type(error).__name__}: {error}") from error


def delivered(record: "ConsumerRecord[bytes, bytes]") -> Delivered:
    return Delivered(
        record.topic,
        record.partition,
        record.offset,
        (record.key or b"").decode(),
        record.value or b"",
        {name: value.decode() for name, value in record.headers},
    )


def leave_silent_brokers_soon(consumer: AIOKafkaConsumer) -> None:
    """Before it is started: ask the next leader after `READ_TIMEOUT`, and keep to the longer one for a group's coordinator only, which
    answers a join when all members have come. aiokafka has one timeout for both.
    """
    client = consumer._client
    client._request_timeout_ms = int(READ_TIMEOUT * 1000)
    connect = client._get_conn

    async def connection(node_id: Any, *, group: Any = ConnectionGroup.DEFAULT, no_hint: bool = False) -> Any:
        found = await connect(node_id, group=group, no_hint=no_hint)
        if found is not None and group == ConnectionGroup.COORDINATION:
            found._request_timeout = REQUEST_TIMEOUT
        return found

    client._get_conn = connection


async def discard_producer(producer: AIOKafkaProducer) -> None:
    """Close `producer` in bounded time and make sure that it sends nothing afterwards.

    Its own `stop` waits for what is pending, and an idempotent producer tries that for ever while the broker is down:
    so its sending task is ended here instead. The callers of `publish` know already that their batch failed.
    """
    producer._closed = True
    sending = producer._sender.sender_task
    for _ in range(2):  # at the first cancel it waits for its requests, the second one ends those too
        if sending and not sending.done():
            sending.cancel()
            await asyncio.wait([sending], timeout=CLOSE_TIMEOUT / 3)
    await _bounded(producer.client.close())


async def discard_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and close `consumer` in bounded time, the broker answering or not."""
    await _bounded(consumer.stop())
    await _bounded(consumer._client.close())  # where `stop` did not get that far


async def _bounded(closing: Coroutine[Any, Any, None]) -> None:
    """Closing can hang, fail, or raise the CancelledError of a task inside aiokafka: none of it is our caller's concern."""
    task = asyncio.create_task(closing)
    await asyncio.wait([task], timeout=CLOSE_TIMEOUT)
    if not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CLOSE_TIMEOUT)
    if task.done() and not task.cancelled() and (error := task.exception()):
        log.debug("closing a Kafka client: %s", error)
