"""How fast a topic was written, from the broker's own clock."""

from dataclasses import dataclass

from auditline.kafka import KafkaSettings
from auditline.kafka.reader import PartitionReader


@dataclass(frozen=True, slots=True)
class Span:
    """*records* were appended in *seconds*: all but those of the first instant."""

    records: int
    seconds: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds


def span(kafka: KafkaSettings, topic: str, partitions: int) -> Span:
    """The time from a topic's first record to its last, by LogAppendTime."""
    with PartitionReader(kafka) as reader:
        times = [
            message.timestamp()[1]
            for partition in range(partitions)
            for message in reader.read(topic, partition, 0)
        ]
    first, last = min(times), max(times)
    return Span(sum(at > first for at in times), (last - first) / 1000)
