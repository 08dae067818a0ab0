from aiokafka.partitioner import murmur2 as kafkas
from hypothesis import given
from hypothesis import strategies as st

from shared.log.bus.partition import murmur2, partition_of


@given(st.binary(max_size=80))
def test_the_hash_is_kafkas(data: bytes) -> None:
    assert murmur2(data) == kafkas(data) & 0xFFFFFFFF


@given(st.text(max_size=40), st.integers(1, 64))
def test_a_key_has_one_partition(key: str, partitions: int) -> None:
    assert partition_of(key, partitions) == (kafkas(key.encode()) & 0x7FFFFFFF) % partitions
