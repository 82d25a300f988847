"""Kafka clients with the settings that an audit log needs, and why."""

import logging

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from auditline.kafka.settings import KafkaSettings, Scalar

_log = logging.getLogger("auditline.kafka.client")
_log.addHandler(logging.NullHandler())  # a library is silent unless the program listens

MAX_RECORD_BYTES = 10_000_000
"""Above any ledger entry: an event of 1 MB whose text is all escapes grows sixfold."""

_CONSUMER: dict[str, Scalar] = {
    # Offsets are kept with the data, never on a timer.
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    # A lost position is an error for the operator, never a silent jump.
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "partition.assignment.strategy": "cooperative-sticky",
    # Fast take-over: another process owns the partitions ten seconds after a death.
    "session.timeout.ms": 10_000,
    "heartbeat.interval.ms": 2_000,
    "max.poll.interval.ms": 60_000,
    "fetch.wait.max.ms": 20,
    "fetch.message.max.bytes": 4_000_000,
    "queued.max.messages.kbytes": 65_536,
    "queued.min.messages": 20_000,
    "check.crcs": True,
    "enable.partition.eof": False,
}

_PRODUCER: dict[str, Scalar] = {
    "acks": "all",
    "enable.idempotence": True,
    "message.max.bytes": MAX_RECORD_BYTES,
    "compression.type": "lz4",
    "linger.ms": 5,
    "batch.size": 1_000_000,
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 262_144,
}


def make_consumer(settings: KafkaSettings, group: str, **overrides: Scalar) -> Consumer:
    """A consumer in *group* that reads committed records and never moves by itself.

    *overrides* are librdkafka settings with underscores for dots.
    """
    config = settings.client_options() | _CONSUMER | {"group.id": group} | _dotted(overrides)
    return Consumer(config, logger=_log)


def make_producer(settings: KafkaSettings, **overrides: Scalar) -> Producer:
    """An idempotent producer that waits for all replicas."""
    return Producer(settings.client_options() | _PRODUCER | _dotted(overrides), logger=_log)


def make_admin(settings: KafkaSettings) -> AdminClient:
    """A client for topics and their settings."""
    return AdminClient(settings.client_options(), logger=_log)


def _dotted(overrides: dict[str, Scalar]) -> dict[str, Scalar]:
    return {name.replace("_", "."): value for name, value in overrides.items()}
