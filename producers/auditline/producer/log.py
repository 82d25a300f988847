"""Handing events to Kafka: numbered, acknowledged by all replicas, every failure reported."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from msgspec.structs import replace

from auditline.event import (
    MAX_EVENT_BYTES,
    AuditEvent,
    InvalidEvent,
    ProducerNumber,
    check,
    encode,
    partition_for,
)
from auditline.producer.errors import Closed, DeliveryFailed, QueueFull, Unreachable

_client_log = logging.getLogger("auditline.producer.client")
_client_log.addHandler(logging.NullHandler())  # a library is silent unless the program listens

Setting = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where an acknowledged event is in ``audit.events``."""

    topic: str
    partition: int
    offset: int


class AuditLog:
    """A gateway's way into the log; safe to share between threads.

    *bootstrap_servers* is Kafka's address; *producer_id* names this producer in its numbering
    (host and process by default); *kafka* holds more librdkafka settings, such as those for TLS.
    The constructor asks Kafka how many partitions the log has and raises `Unreachable` when it
    does not answer within *timeout* seconds.

    Each event is numbered per partition, so that the chain drops a retry however late it comes
    and writes a gap entry when an event is lost on the way.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        producer_id: str | None = None,
        topic: str = "audit.events",
        kafka: Mapping[str, Setting] | None = None,
        timeout: float = 10.0,
    ) -> None:
        self._topic = topic
        self._producer = Producer(
            {
                "linger.ms": 5,
                "compression.type": "lz4",
                # Surfaces an outage soon; retries until then are librdkafka's.
                "delivery.timeout.ms": 30_000,
                "message.max.bytes": 2 * MAX_EVENT_BYTES,
                **(kafka or {}),
                "bootstrap.servers": bootstrap_servers,
                "acks": "all",
                "enable.idempotence": True,
            },
            logger=_client_log,
        )
        self._partitions = self._ask_partitions(timeout)
        self._id = producer_id or f"{socket.gethostname()}-{os.getpid()}"
        # The incarnation: a restart never takes up an older one's counters.
        self._epoch = time.time_ns() // 1000
        self._counters = [0] * self._partitions
        self._lock = threading.Lock()
        # Since the last flush: how many failed, and what the first said.
        self._failed = 0
        self._first_failure = ""
        self._closed = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="auditline-producer", daemon=True)
        self._poller.start()

    def emit(self, event: AuditEvent) -> Future[Delivery]:
        """Send *event*; returns at once.

        The future ends when all in-sync replicas have the event, or with `DeliveryFailed`.
        Raises `auditline.event.InvalidEvent` or `QueueFull`, and then nothing was sent.
        """
        check(event)
        partition = partition_for(event.org_id, self._partitions)
        key = event.org_id.encode()
        future: Future[Delivery] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._closed.is_set():
                raise Closed("the audit log is closed")
            counter = self._counters[partition] + 1
            number = ProducerNumber(id=self._id, epoch=self._epoch, counter=counter)
            value = _encode(replace(event, producer=number))
            try:
                self._producer.produce(
                    self._topic, value, key, partition, on_delivery=self._resolver(future)
                )
            except BufferError as error:
                raise QueueFull("too many events wait for Kafka; emit this one again") from error
            except KafkaException as error:
                raise DeliveryFailed(f"not sent: {error}") from error
            # Only what was sent has a number: a refused event leaves no gap.
            self._counters[partition] = counter
        return future

    def flush(self, timeout: float = 30.0) -> None:
        """Wait until every event is acknowledged.

        Raises `DeliveryFailed` for any that was not, since the last flush, or when *timeout*
        seconds are over.
        """
        left = self._producer.flush(timeout)
        with self._lock:
            failed, self._failed = self._failed, 0
        if failed:
            raise DeliveryFailed(f"{failed} events were not delivered: {self._first_failure}")
        if left:
            raise DeliveryFailed(f"{left} events are not acknowledged after {timeout} s")

    def close(self, timeout: float = 30.0) -> None:
        """Flush, then stop taking events; raises as `flush` does."""
        with self._lock:
            self._closed.set()
        try:
            self.flush(timeout)
        finally:
            self._poller.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _resolver(self, future: Future[Delivery]) -> Callable[[KafkaError | None, Message], None]:
        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                future.set_result(
                    Delivery(message.topic() or "", message.partition() or 0, message.offset() or 0)
                )
                return
            with self._lock:
                self._failed += 1
                if self._failed == 1:
                    self._first_failure = error.str()
            future.set_exception(DeliveryFailed(error.str()))

        return delivered

    def _poll(self) -> None:
        """Serve delivery reports until closed."""
        while not self._closed.is_set():
            self._producer.poll(0.1)

    def _ask_partitions(self, timeout: float) -> int:
        try:
            found = self._producer.list_topics(self._topic, timeout).topics[self._topic]
        except KafkaException as error:
            raise Unreachable(f"Kafka does not answer: {error}") from error
        if found.error is not None or not found.partitions:
            raise Unreachable(f"no topic {self._topic}: run `auditline topics create`")
        return len(found.partitions)


def _encode(event: AuditEvent) -> bytes:
    value = encode(event)
    if len(value) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"{len(value)} bytes, more than {MAX_EVENT_BYTES}")
    return value
