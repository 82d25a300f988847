"""Which partition an organization's events go to: the Java client's default for keyed records.

murmur2 as in Apache Kafka's ``org.apache.kafka.common.utils.Utils.murmur2`` (32 bit, seed
0x9747b28c), made positive by clearing the sign bit, modulo the number of partitions. librdkafka
does the same with ``partitioner=murmur2_random``; its own default does not.
"""

from functools import lru_cache

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """32-bit murmur2 of *data*, as an unsigned integer."""
    length = len(data)
    h = 0x9747B28C ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = h * _M & _MASK ^ k
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


@lru_cache(maxsize=65536)
def partition_for(org_id: str, partitions: int) -> int:
    """The partition of *org_id* among *partitions*."""
    return (murmur2(org_id.encode()) & 0x7FFFFFFF) % partitions
