"""The topics of a log: their names and settings, and making them."""

from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from auditline.kafka.clients import MAX_RECORD_BYTES
from auditline.kafka.errors import Broken, Unavailable

_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names under one *prefix*."""

    prefix: str = "audit"

    @property
    def events(self) -> str:
        """What gateways say."""
        return f"{self.prefix}.events"

    @property
    def ledger(self) -> str:
        """What the log keeps: the only truth about a chain."""
        return f"{self.prefix}.ledger"

    @property
    def heads(self) -> str:
        """A cache of the ledger's heads, and the log's manifest."""
        return f"{self.prefix}.heads"

    @property
    def dead_letters(self) -> str:
        """Records that no stage could take, as they came."""
        return f"{self.prefix}.dead_letters"

    @property
    def checkpoints(self) -> str:
        """Signed notes."""
        return f"{self.prefix}.checkpoints"

    @property
    def control(self) -> str:
        """Destinations and alert rules."""
        return f"{self.prefix}.control"


def _settings(topics: Topics) -> dict[str, dict[str, str]]:
    compacted = {
        "cleanup.policy": "compact",
        # Small young segments, so that a restart reads little that compaction would remove.
        "segment.ms": str(600_000),
        "segment.bytes": str(64 * 1024 * 1024),
        "min.cleanable.dirty.ratio": "0.1",
        "max.compaction.lag.ms": str(1_200_000),
    }
    large = {"max.message.bytes": str(MAX_RECORD_BYTES)}
    return {
        # Larger than an event may be, so that one that is too large reaches the dead letters.
        topics.events: large | {"retention.ms": str(7 * _DAY)},
        topics.ledger: large
        | {"retention.ms": str(30 * _DAY), "message.timestamp.type": "LogAppendTime"},
        topics.heads: compacted | large,
        topics.dead_letters: large | {"retention.ms": "-1"},
        topics.checkpoints: {"retention.ms": "-1"},
        topics.control: compacted,
    }


def specifications(topics: Topics, partitions: int, replication: int) -> list[NewTopic]:
    """The topics to create; all but control share the number of *partitions*."""
    durable = {"min.insync.replicas": "2" if replication >= 3 else "1"}
    return [
        NewTopic(
            name,
            num_partitions=1 if name == topics.control else partitions,
            replication_factor=replication,
            config=durable | config,
        )
        for name, config in _settings(topics).items()
    ]


def create_topics(
    admin: AdminClient, topics: Topics, partitions: int, replication: int, timeout: float = 30.0
) -> list[str]:
    """Create what is missing and return its names; what exists is left as it is."""
    created = []
    wanted = specifications(topics, partitions, replication)
    for name, future in admin.create_topics(wanted, operation_timeout=timeout).items():
        try:
            future.result(timeout)
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise Unavailable(f"cannot create topic {name}: {error}") from error
    return created


def partition_counts(admin: AdminClient, topics: Topics, timeout: float = 10.0) -> dict[str, int]:
    """Partitions of each topic that exists; raises `Unavailable` when Kafka does not answer."""
    try:
        found = admin.list_topics(timeout=timeout).topics
    except KafkaException as error:
        raise Unavailable(f"Kafka does not answer: {error}") from error
    return {
        name: len(found[name].partitions)
        for name in _settings(topics)
        if name in found and found[name].error is None
    }


def agreed_partitions(counts: dict[str, int], topics: Topics) -> int:
    """The one number of partitions of a log's topics; raises `Broken` when they differ."""
    names = (topics.events, topics.ledger, topics.heads)
    missing = [name for name in names if name not in counts]
    if missing:
        raise Broken(f"no topic {', '.join(missing)}: run `auditline topics create`")
    numbers = {counts[name] for name in names}
    if len(numbers) != 1:
        shown = ", ".join(f"{name} {counts[name]}" for name in names)
        raise Broken(
            f"the topics differ in their number of partitions ({shown}); a log's number is fixed: "
            "restore the topics from before, or start a new log under another kafka.topic_prefix"
        )
    return numbers.pop()
