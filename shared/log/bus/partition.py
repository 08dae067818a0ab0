"""Which partition a key belongs to: the same answer as Kafka's default partitioner, so that both logs agree."""

from functools import lru_cache
from struct import unpack_from

_SEED = 0x9747B28C
_MIX = 0x5BD1E995
_U32 = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit MurmurHash2 of `data`, unsigned, with Kafka's seed."""
    length = len(data)
    hashed = _SEED ^ length
    for word in unpack_from(f"<{length // 4}I", data):
        word = word * _MIX & _U32
        hashed = (hashed * _MIX & _U32) ^ ((word ^ word >> 24) * _MIX & _U32)
    if tail := data[length & ~3 :]:
        hashed = (hashed ^ int.from_bytes(tail, "little")) * _MIX & _U32
    hashed = (hashed ^ hashed >> 13) * _MIX & _U32
    return hashed ^ hashed >> 15


@lru_cache(maxsize=16_384)  # an aggregate's events come in bursts, and the hash is the dearest step of publishing
def partition_of(key: str, partitions: int) -> int:
    """The partition of `key` among `partitions`."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
