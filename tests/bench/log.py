"""A log of its own for one measurement: topics under a fresh prefix, filled with events."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from auditline.chain.create import create_log
from auditline.event import partition_for
from auditline.kafka import KafkaSettings, make_consumer, make_producer
from auditline.kafka.topics import Topics
from auditline.local.ports import free
from bench.waiting import eventually

DEPLOYMENT = "bench"
_serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services are; the two DSNs are empty where a measurement needs no database."""

    bootstrap_servers: str
    clickhouse: str = ""
    reader: str = ""


class BenchLog:
    """Topics under a prefix that no other measurement uses, and a configuration for processes."""

    def __init__(self, addresses: Addresses, directory: Path, partitions: int = 1) -> None:
        self.name = f"b{next(_serial)}"
        self.partitions = partitions
        self.directory = directory
        self.kafka = KafkaSettings(
            bootstrap_servers=addresses.bootstrap_servers,
            topic_prefix=self.name,
            partitions=partitions,
            replication_factor=1,
        )
        self.topics = Topics(self.name)
        create_log(self.kafka, DEPLOYMENT)
        self.config = directory / f"{self.name}.toml"
        self.config.write_text(_config(addresses, self.kafka), "utf-8")

    def fill(self, values: Iterable[tuple[str, bytes]]) -> int:
        """Put event records in and return how many."""
        return self.prepare(values).commit()

    def prepare(self, values: Iterable[tuple[str, bytes]]) -> "Prepared":
        """Put event records in that nobody sees before `Prepared.commit`."""
        producer = make_producer(
            self.kafka, transactional_id=f"{self.name}-fill", transaction_timeout_ms=600_000
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        count = 0
        for org_id, value in values:
            produce(producer, self.topics.events, org_id, value, self.partitions)
            count += 1
        producer.flush(120)
        return Prepared(producer, count)

    def committed(self, group: str, topic: str = "") -> int:
        """How many records of *topic* (the events) the group has behind it, on all partitions."""
        consumer: Consumer = make_consumer(self.kafka, group)
        name = topic or self.topics.events
        try:
            found = consumer.committed(
                [TopicPartition(name, p) for p in range(self.partitions)], timeout=30
            )
        finally:
            consumer.close()
        return sum(max(0, place.offset) for place in found)

    def wait_committed(self, group: str, count: int, patience: float = 300.0) -> None:
        """Wait until *group* has *count* events behind it."""
        eventually(
            f"{count} events behind {group}", lambda: self.committed(group) >= count, patience
        )


class Prepared:
    """Records that are in the topic and not visible yet."""

    def __init__(self, producer: Producer, count: int) -> None:
        self._producer = producer
        self.count = count

    def commit(self) -> int:
        """Make all of them visible at once; returns how many they are."""
        self._producer.commit_transaction(60)
        return self.count


def produce(producer: Producer, topic: str, org_id: str, value: bytes, partitions: int) -> None:
    """Queue one event record on its partition, waiting for room."""
    partition = partition_for(org_id, partitions)
    while True:
        try:
            producer.produce(topic, value, org_id.encode(), partition)
        except BufferError:
            producer.poll(0.05)
        else:
            return


def _config(addresses: Addresses, kafka: KafkaSettings) -> str:
    chain, store = free(2)
    dsn = addresses.clickhouse
    database = f'[clickhouse]\ndsn = "{dsn}"\nreader_dsn = "{addresses.reader}"\n' if dsn else ""
    return f"""\
deployment = "{DEPLOYMENT}"
[kafka]
bootstrap_servers = "{kafka.bootstrap_servers}"
topic_prefix = "{kafka.topic_prefix}"
partitions = {kafka.partitions}
replication_factor = 1
[chain]
group = "{kafka.topic_prefix}-chain"
health_port = {chain}
[store]
group = "{kafka.topic_prefix}-store"
health_port = {store}
{database}"""
