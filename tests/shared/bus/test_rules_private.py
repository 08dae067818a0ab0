"""The private parts of aiokafka that the bus uses: still there, and still what they were. An upgrade that changes one fails here first."""

import inspect
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.sender import Sender

from shared.log.bus.kafkadriver import READ_TIMEOUT, REQUEST_TIMEOUT, leave_silent_brokers_soon


@pytest.fixture
async def consumer() -> AsyncIterator[AIOKafkaConsumer]:
    made = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1", request_timeout_ms=int(REQUEST_TIMEOUT * 1000))
    yield made
    await made.stop()


async def test_a_consumer_asks_by_its_client_whose_timeout_goes_to_each_connection(consumer: AIOKafkaConsumer) -> None:
    assert isinstance(consumer._client, AIOKafkaClient)
    assert consumer._client._request_timeout_ms == REQUEST_TIMEOUT * 1000
    leave_silent_brokers_soon(consumer)
    assert consumer._client._request_timeout_ms == READ_TIMEOUT * 1000
    assert "request_timeout_ms=self._request_timeout_ms" in inspect.getsource(AIOKafkaClient._get_conn)
    assert list(inspect.signature(AIOKafkaClient._get_conn).parameters) == ["self", "node_id", "group", "no_hint"]


async def test_a_connection_waits_for_answers_as_long_as_its_timeout_says() -> None:
    connection = AIOKafkaConnection("127.0.0.1", 1, request_timeout_ms=3000)
    assert connection._request_timeout == 3
    assert "self._request_timeout" in inspect.getsource(AIOKafkaConnection.send)
    assert ConnectionGroup.COORDINATION != ConnectionGroup.DEFAULT


async def test_a_consumer_of_a_group_has_a_coordinator_that_tells_its_errors(consumer: AIOKafkaConsumer) -> None:
    assert hasattr(consumer, "_coordinator")
    assert "self._coordinator = GroupCoordinator(" in inspect.getsource(AIOKafkaConsumer.start)
    assert not inspect.iscoroutinefunction(GroupCoordinator.check_errors)


async def test_a_producer_that_is_closed_by_hand_sends_from_no_task() -> None:
    producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
    assert (producer._closed, producer._sender.sender_task) == (False, None)
    assert "self._sender_task = " in inspect.getsource(Sender.start)
    producer._closed = True
    await producer.stop()  # has nothing to do: otherwise it would wait for what is pending
    await producer.client.close()
