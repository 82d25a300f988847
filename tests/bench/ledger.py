"""How fast a topic was written, from the broker's own clock."""

from collections.abc import Iterable
from dataclasses import dataclass

from auditline.kafka import KafkaSettings
from auditline.kafka.reader import PartitionReader
from auditline.ledger import Leaf, leaf_hash

_LEAF = slice(10, 154)


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


def check_links(kafka: KafkaSettings, topic: str) -> None:
    """Hold every entry of a topic to the one before in its log: a rate of nonsense is none.

    Raises AssertionError. The genesis value is not looked at.
    """
    with PartitionReader(kafka) as reader:
        values = (message.value() or b"" for message in reader.read(topic, 0, 0))
        _check(value[_LEAF] for value in values)


def _check(leaves: Iterable[bytes]) -> None:
    heads: dict[bytes, tuple[int, bytes]] = {}
    for data in leaves:
        leaf = Leaf.parse(data)
        size, hash_ = heads.get(leaf.log_id, (0, leaf.prev))
        assert (leaf.seq, leaf.prev) == (size, hash_), f"seq {leaf.seq} does not follow {size - 1}"
        heads[leaf.log_id] = (leaf.seq + 1, leaf_hash(data))
