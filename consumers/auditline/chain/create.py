"""Creating a log: its topics, and the manifest that fixes what may never change.

The chain itself never creates anything, so that a lost topic is noticed and not made anew.
"""

import time
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka.admin import AdminClient

from auditline.chain import heads
from auditline.chain.heads import Manifest
from auditline.chain.restore import Cache
from auditline.kafka.clients import make_admin, make_producer
from auditline.kafka.errors import Broken, Unavailable
from auditline.kafka.reader import PartitionReader
from auditline.kafka.settings import KafkaSettings
from auditline.kafka.topics import Topics, agreed_partitions, create_topics, partition_counts

_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Created:
    """What `create_log` did: the topics it made, and the log's number of partitions."""

    topics: tuple[str, ...]
    partitions: int
    new: bool


def create_log(kafka: KafkaSettings, deployment: str) -> Created:
    """Create the topics and manifests that are missing; safe to run again at any time.

    Raises `Broken` when the log exists with another number of partitions or another deployment.
    """
    topics = Topics(kafka.topic_prefix)
    admin = make_admin(kafka)
    made = create_topics(admin, topics, kafka.partitions, kafka.replication_factor)
    partitions = agreed_partitions(_known(admin, topics, made), topics)
    missing = []
    with PartitionReader(kafka) as reader:
        for partition in range(partitions):
            cache = _cache(reader, topics, partition)
            if cache.manifest is None:
                _check_empty(reader, topics, partition)
                missing.append(partition)
            elif cache.checked_manifest(partition, partitions).deployment != deployment:
                raise Broken(
                    f"this log belongs to deployment {cache.manifest.deployment!r}, "
                    f"not {deployment!r}: correct `deployment` in the configuration"
                )
    if missing:
        _write_manifests(kafka, topics, missing, deployment, partitions)
    return Created(tuple(made), partitions, bool(missing))


def _known(admin: AdminClient, topics: Topics, made: list[str]) -> dict[str, int]:
    """Partitions by topic, once the brokers tell of all that were just *made*."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        counts = partition_counts(admin, topics)
        if counts.keys() >= set(made):
            return counts
        if time.monotonic() > deadline:
            raise Unavailable("Kafka does not show the topics that it created; run this again")
        time.sleep(0.1)


def _cache(reader: PartitionReader, topics: Topics, partition: int) -> Cache:
    cache = Cache()
    low = reader.watermarks(topics.heads, partition).low
    for message in reader.read(topics.heads, partition, low):
        cache.take(message.key() or b"", message.value())
    return cache


def _check_empty(reader: PartitionReader, topics: Topics, partition: int) -> None:
    if reader.watermarks(topics.ledger, partition).high:
        raise Broken(
            f"{topics.ledger}/{partition} has entries but {topics.heads}/{partition} no manifest: "
            "the heads topic was lost. Restore it from a backup"
        )


def _write_manifests(
    kafka: KafkaSettings, topics: Topics, missing: list[int], deployment: str, partitions: int
) -> None:
    manifest = heads.encode(Manifest(deployment, partitions, time.time_ns() // 1000))
    failures: list[str] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            failures.append(f"{message.partition()}: {error.str()}")

    producer = make_producer(kafka)
    for partition in missing:
        producer.produce(topics.heads, manifest, heads.MANIFEST_KEY, partition, delivered)
    # A crash before the flush ends: some partitions have no manifest yet; running again writes
    # the rest, and until then the chain refuses to start.
    try:
        left = producer.flush(30)
    except KafkaException as error:
        raise Unavailable(f"cannot write the manifest: {error}") from error
    if failures or left:
        raise Unavailable(f"cannot write the manifest: {failures or 'no answer from Kafka'}")
