"""Running the store as a process: its clients, its health page, its loop."""

import random
from threading import Event

import structlog
from prometheus_client import CollectorRegistry

from auditline.kafka.clients import make_admin
from auditline.kafka.settings import KafkaSettings
from auditline.kafka.topics import Topics, agreed_partitions, partition_counts
from auditline.service import HealthServer, delay
from auditline.store.clickhouse import EntriesTable
from auditline.store.metrics import StoreMetrics
from auditline.store.service import Setting, store_loop
from auditline.store.settings import ClickHouseSettings, StoreSettings

log = structlog.get_logger("auditline.store")


def run(
    kafka: KafkaSettings, clickhouse: ClickHouseSettings, settings: StoreSettings, stop: Event
) -> None:
    """Load the ledger into ClickHouse until *stop* is set.

    Raises `auditline.kafka.errors.Broken` (and `auditline.store.errors.Refused`, which is one)
    when an operator has to look, `Unavailable` when Kafka cannot be reached at start-up, and
    `auditline.service.CannotListen`. ClickHouse may be away, also at start-up.
    """
    topics = Topics(kafka.topic_prefix)
    partitions = agreed_partitions(partition_counts(make_admin(kafka), topics), topics)
    registry = CollectorRegistry()
    table = EntriesTable(clickhouse)
    loop = store_loop(
        Setting(kafka, settings, topics.ledger, table),
        StoreMetrics(registry),
        stop,
        lambda attempt: delay(attempt, 0.5, settings.retry_seconds, random.random),
    )
    with HealthServer(
        registry,
        ready={"store": loop.ready},
        alive={"loop": loop.alive},
        host=settings.health_host,
        port=settings.health_port,
    ) as health:
        log.info("store started", group=settings.group, partitions=partitions, health=health.port)
        try:
            loop.run(lambda attempt: delay(attempt, 0.5, 20.0, random.random))
        finally:
            table.close()
    log.info("store stopped")
