"""Running the chain as a process: its clients, its health page, its loop."""

import random
from threading import Event

import structlog
from prometheus_client import CollectorRegistry

from auditline.chain.metrics import ChainMetrics
from auditline.chain.partition import Setting
from auditline.chain.registry import schema_by_id
from auditline.chain.service import chain_loop
from auditline.chain.settings import ChainSettings
from auditline.event import Codec
from auditline.kafka.clients import make_admin
from auditline.kafka.settings import KafkaSettings
from auditline.kafka.topics import Topics, agreed_partitions, partition_counts
from auditline.service import HealthServer, delay

log = structlog.get_logger("auditline.chain")


def run(kafka: KafkaSettings, settings: ChainSettings, stop: Event) -> None:
    """Chain until *stop* is set.

    Raises `auditline.kafka.errors.Broken` when an operator has to look, `Unavailable` when Kafka
    cannot be reached at start-up, and `auditline.service.CannotListen`.
    """
    topics = Topics(kafka.topic_prefix)
    partitions = agreed_partitions(partition_counts(make_admin(kafka), topics), topics)
    registry = CollectorRegistry()
    look_up = schema_by_id(kafka.schema_registry_url) if kafka.schema_registry_url else None
    setting = Setting(kafka, settings, topics, partitions, Codec(registry=look_up))
    loop = chain_loop(setting, ChainMetrics(registry), stop)
    with HealthServer(
        registry,
        ready={"chain": loop.ready},
        alive={"loop": loop.alive},
        host=settings.health_host,
        port=settings.health_port,
    ) as health:
        log.info("chain started", group=settings.group, partitions=partitions, health=health.port)
        loop.run(lambda attempt: delay(attempt, 0.5, 20.0, random.random))
    log.info("chain stopped")
