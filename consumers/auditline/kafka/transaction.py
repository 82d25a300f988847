"""One transactional producer, and the order of calls that makes it both safe and fast.

    begin → produce … → flush → send offsets → commit

librdkafka waits 100 ms and more for the previous transaction's markers when offsets are sent
right after `begin`; after `flush` they are long written.

Nothing is repaired here: whatever goes wrong becomes `Interrupted` (or `Fenced`), and the owner
drops this object and starts again from what is durable. It never aborts after a commit whose
outcome is unknown, since the next `init_transactions` finds out.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from auditline.kafka.clients import make_producer
from auditline.kafka.errors import Fenced, Interrupted
from auditline.kafka.settings import KafkaSettings

Headers = Sequence[tuple[str, bytes]]
Delivered = Callable[[KafkaError | None, Message], None]

_FENCED = {
    KafkaError._FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
}


class Transaction(Protocol):
    """What the chain needs of a transactional producer; implementations MUST raise `Interrupted`
    for everything but success, and callers MUST NOT use the object after that."""

    def begin(self) -> None:
        """Open a transaction."""

    def produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        delivered: Delivered | None = None,
    ) -> None:
        """Queue a record of this transaction."""

    def flush(self) -> None:
        """Wait until the broker has every queued record."""

    def send_offsets(self, offsets: list[TopicPartition], metadata: Any) -> None:
        """Put the consumer group's offsets into the transaction."""

    def commit(self) -> None:
        """Make it all visible at once; durable when it returns."""

    def close(self) -> None:
        """Let go; never raises."""


class KafkaTransaction:
    """`Transaction` over confluent-kafka. Creating it fences every older one of the same id."""

    def __init__(self, settings: KafkaSettings, transactional_id: str, timeout: float) -> None:
        self._timeout = timeout
        self._producer = make_producer(
            settings,
            transactional_id=transactional_id,
            transaction_timeout_ms=int(timeout * 1000),
            retry_backoff_ms=2,
            retry_backoff_max_ms=50,
            linger_ms=1,
        )
        with _interrupting("init_transactions"):
            self._producer.init_transactions(timeout * 2)

    def begin(self) -> None:
        with _interrupting("begin"):
            self._producer.begin_transaction()

    def produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        delivered: Delivered | None = None,
    ) -> None:
        # The chain's innermost call: no context manager, it would cost as much again.
        while True:
            try:
                self._producer.produce(
                    topic, value, key, partition, delivered, headers=list(headers) or None
                )
            except BufferError:  # the local queue is full: let it drain, lose nothing
                with _interrupting("poll"):
                    self._producer.poll(0.05)
            except KafkaException as error:
                raise _interrupted("produce", error) from error
            else:
                return

    def flush(self) -> None:
        with _interrupting("flush"):
            left = self._producer.flush(self._timeout)
        if left:
            raise Interrupted(f"{left} records were not taken within {self._timeout} s")

    def send_offsets(self, offsets: list[TopicPartition], metadata: Any) -> None:
        with _interrupting("send_offsets"):
            self._producer.send_offsets_to_transaction(offsets, metadata, self._timeout)

    def commit(self) -> None:
        with _interrupting("commit"):
            self._producer.commit_transaction(self._timeout)

    def close(self) -> None:
        # No abort: an open transaction is resolved by the next owner's init_transactions.
        self._producer.purge()


@contextmanager
def _interrupting(call: str) -> Iterator[None]:
    try:
        yield
    except (KafkaException, SystemError) as error:
        raise _interrupted(call, error) from error


def _interrupted(call: str, error: Exception) -> Interrupted:
    # A fenced flush surfaces as SystemError when a delivery callback is pending; its cause is
    # the KafkaException.
    cause = error.__cause__ if isinstance(error, SystemError) else error
    kafka = cause.args[0] if isinstance(cause, KafkaException) else None
    if isinstance(kafka, KafkaError) and kafka.code() in _FENCED:
        return Fenced(f"{call}: {kafka.str()}")
    return Interrupted(f"{call}: {cause}")
