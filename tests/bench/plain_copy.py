"""The least that any chain must do: read records and write them again in transactions.

Run as a process: `python -m bench.plain_copy BOOTSTRAP SOURCE TARGET COUNT`. Settings and batch
size are the chain's own; nothing is decoded.
"""

import sys

from confluent_kafka import TopicPartition

from auditline.chain.settings import ChainSettings
from auditline.kafka import KafkaSettings, make_consumer, make_producer


def main(bootstrap: str, source: str, target: str, count: int) -> None:
    """Copy *count* records of partition 0."""
    kafka, settings = KafkaSettings(bootstrap_servers=bootstrap), ChainSettings()
    consumer = make_consumer(kafka, target)
    producer = make_producer(
        kafka, transactional_id=target, retry_backoff_ms=2, retry_backoff_max_ms=50, linger_ms=1
    )
    producer.init_transactions(30)
    consumer.assign([TopicPartition(source, 0, 0)])
    copied = 0
    while copied < count:
        messages = consumer.consume(settings.batch_records, settings.poll_seconds)
        if not messages:
            continue
        producer.begin_transaction()
        for message in messages:
            producer.produce(target, message.value(), message.key(), 0)
        producer.flush()
        copied += len(messages)
        place = TopicPartition(source, 0, (messages[-1].offset() or 0) + 1)
        producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata())
        producer.commit_transaction()
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
