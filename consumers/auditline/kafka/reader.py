"""Reading one partition from an offset to its end, outside any group."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from auditline.kafka.clients import make_consumer
from auditline.kafka.errors import Unavailable
from auditline.kafka.settings import KafkaSettings

_BATCH = 2_000
_WAIT = 0.02  # consume() waits so long for a full batch, also at the end
_LEADERLESS = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_PARTITION,
}


@dataclass(frozen=True, slots=True)
class Watermarks:
    """A partition's *low* offset and its *high*: the next offset that a committed record gets."""

    low: int
    high: int


class PartitionReader:
    """Reads committed records of single partitions; use as a context manager."""

    def __init__(self, settings: KafkaSettings, timeout: float = 30.0) -> None:
        self._timeout = timeout
        self._consumer: Consumer = make_consumer(
            settings,
            "auditline-reader",  # never joined: librdkafka wants a name
            enable_partition_eof=True,
            fetch_wait_max_ms=10,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def watermarks(self, topic: str, partition: int) -> Watermarks:
        """The partition's bounds now; waits while a new leader is being found."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                low, high = self._consumer.get_watermark_offsets(
                    TopicPartition(topic, partition), timeout=self._timeout
                )
                return Watermarks(low, high)
            except KafkaException as error:
                passing = error.args[0].retriable() or error.args[0].code() in _LEADERLESS
                if not passing or time.monotonic() > deadline:
                    raise Unavailable(f"{topic}/{partition}: {error}") from error
                time.sleep(_WAIT)

    def read(self, topic: str, partition: int, start: int) -> Iterator[Message]:
        """Every committed record from *start* to the end as it is when reached."""
        self._consumer.assign([TopicPartition(topic, partition, start)])
        silent = 0.0
        try:
            while silent < self._timeout:
                messages = self._consumer.consume(_BATCH, timeout=_WAIT)
                silent = 0.0 if messages else silent + _WAIT
                for message in messages:
                    error = message.error()
                    if error is None:
                        yield message
                    elif error.code() == KafkaError._PARTITION_EOF:
                        return
                    else:
                        raise Unavailable(f"{topic}/{partition}: {error}")
            raise Unavailable(f"{topic}/{partition}: nothing came for {self._timeout} s")
        finally:
            self._consumer.unassign()
