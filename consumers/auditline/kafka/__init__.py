"""The one place in the consumers that imports the Kafka client: settings, clients, topics."""

from auditline.kafka.clients import make_admin, make_consumer, make_producer
from auditline.kafka.settings import KafkaSettings

__all__ = ["KafkaSettings", "make_admin", "make_consumer", "make_producer"]
