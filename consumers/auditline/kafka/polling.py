"""Telling the errors that a consumer hands out apart."""

from collections import defaultdict
from collections.abc import Iterable

from confluent_kafka import KafkaError, Message

from auditline.kafka.errors import Broken, Unavailable

_MENDED_BY_THE_CLIENT = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
}
_POSITION_LOST = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}


def by_partition(messages: Iterable[Message], owned: Iterable[int]) -> dict[int, list[Message]]:
    """Records by partition, those of partitions that are not *owned* left out.

    A rebalance inside the very consume() that returned a record may have taken its partition.
    Raises `Unavailable` or `Broken` for an error among the messages.
    """
    mine = frozenset(owned)
    found: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        error = message.error()
        if error is not None:
            _judge(error)
        elif (partition := message.partition()) in mine and partition is not None:
            found[partition].append(message)
    return found


def _judge(error: KafkaError) -> None:
    if error.code() in _POSITION_LOST:
        raise Broken(
            f"the position in the topic is lost ({error.str()}): its records were deleted before "
            "they were read, or the topic was made anew. Nothing is skipped by itself"
        )
    if error.code() not in _MENDED_BY_THE_CLIENT:
        raise Unavailable(f"reading: {error.str()}")
