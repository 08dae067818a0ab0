"""A Kafka cluster in memory that speaks the real wire protocol: librdkafka's mock cluster, from the confluent-kafka wheel.

The wheel's library exports the mock's C functions; ctypes reaches them. The mock has no CreateTopics request: topics are
made here, by `create_topic`. Its own rule for the log's size: at most 5 MiB per partition, older segments are dropped.
"""

import asyncio
import ctypes
from collections.abc import Sequence
from pathlib import Path

import confluent_kafka
import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator

# API keys and error codes of the Kafka protocol.
PRODUCE, FETCH, LIST_OFFSETS, OFFSET_COMMIT, JOIN_GROUP = 0, 1, 2, 8, 11
CLUSTER_AUTHORIZATION_FAILED, TOPIC_AUTHORIZATION_FAILED, INVALID_TOPIC, POLICY_VIOLATION = 31, 29, 17, 44
NOT_ENOUGH_REPLICAS, STORAGE_ERROR = 19, 56
NOT_LEADER, REQUEST_TIMED_OUT, MESSAGE_TOO_LARGE, OUT_OF_ORDER_SEQUENCE, INVALID_PRODUCER_EPOCH = 6, 7, 10, 45, 47


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parent
    for place in (folder.parent / "confluent_kafka.libs", folder / ".dylibs", folder.parent / "confluent_kafka.dylibs"):
        for path in sorted(place.glob("librdkafka*")):
            library = ctypes.CDLL(str(path))
            if hasattr(library, "rd_kafka_mock_cluster_new"):
                return library
    raise RuntimeError("the confluent-kafka wheel holds no librdkafka with a mock cluster")


class KafkaMock:
    """A cluster of `brokers` on free loopback ports, ids from 1 up. `stop` ends it and closes its sockets."""

    def __init__(self, brokers: int = 1, rebalance_delay_ms: int = 100) -> None:
        self._c = _library()
        for name in ("rd_kafka_new", "rd_kafka_mock_cluster_new", "rd_kafka_conf_new"):
            getattr(self._c, name).restype = ctypes.c_void_p
        self._c.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        error = ctypes.create_string_buffer(512)
        conf = ctypes.c_void_p(self._c.rd_kafka_conf_new())
        self._c.rd_kafka_conf_set(conf, b"log_level", b"0", error, ctypes.c_size_t(512))
        self._client = ctypes.c_void_p(self._c.rd_kafka_new(0, conf, error, ctypes.c_size_t(512)))
        self._cluster = ctypes.c_void_p(self._c.rd_kafka_mock_cluster_new(self._client, brokers))
        self._c.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, rebalance_delay_ms)
        self._brokers = range(1, brokers + 1)
        self.bootstrap: str = self._c.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def stop(self) -> None:
        self._c.rd_kafka_mock_cluster_destroy(self._cluster)
        self._c.rd_kafka_destroy(self._client)

    def create_topic(self, topic: str, partitions: int = 8) -> None:
        _check(self._c.rd_kafka_mock_topic_create(self._cluster, topic.encode(), partitions, len(self._brokers)))

    def down(self) -> None:
        """Every broker drops its connections and refuses new ones."""
        for broker in self._brokers:
            _check(self._c.rd_kafka_mock_broker_set_down(self._cluster, ctypes.c_int32(broker)))

    def up(self) -> None:
        for broker in self._brokers:
            _check(self._c.rd_kafka_mock_broker_set_up(self._cluster, ctypes.c_int32(broker)))

    def delay(self, milliseconds: int) -> None:
        """Every answer takes this much longer."""
        for broker in self._brokers:
            _check(self._c.rd_kafka_mock_broker_set_rtt(self._cluster, ctypes.c_int32(broker), milliseconds))

    def fail_next(self, request: int, errors: Sequence[int]) -> None:
        """Answer the next requests of this kind (an API key such as PRODUCE) with these error codes."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._c.rd_kafka_mock_push_request_errors_array(self._cluster, ctypes.c_int16(request), ctypes.c_size_t(len(errors)), codes)

    def truncate(self, topic: str, partition: int, before: int) -> None:
        """Delete the partition's messages below the offset `before`."""
        _check(
            self._c.rd_kafka_mock_partition_delete_records(self._cluster, topic.encode(), ctypes.c_int32(partition), ctypes.c_int64(before))
        )


def let_followers_sync_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow aiokafka's group leader down a little.

    The mock refuses a follower's SyncGroup that comes after the leader's (INVALID_REQUEST); a real broker answers it.
    """
    assign = GroupCoordinator._perform_assignment

    async def assign_later(self: GroupCoordinator, response: object) -> object:
        await asyncio.sleep(0.1)
        return await assign(self, response)

    monkeypatch.setattr(GroupCoordinator, "_perform_assignment", assign_later)


def _check(code: int) -> None:
    if code:
        raise RuntimeError(f"the mock cluster answered with error {code}")
