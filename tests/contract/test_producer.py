"""The producer against the real broker: numbers, acknowledgements, and every failure surfaced."""

import pytest
from harness import KafkaLog
from msgspec.structs import replace
from samples import event
from stacks import Stack

from auditline.event import Change, InvalidEvent, Op, decode, partition_for
from auditline.kafka.reader import PartitionReader
from auditline.producer import AuditLog, Closed, DeliveryFailed, QueueFull, Unreachable

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def log(stack: Stack) -> KafkaLog:
    return KafkaLog(stack.bootstrap_servers)


def test_events_arrive_in_order_numbered_per_partition(log: KafkaLog) -> None:
    events = [event(f"org_{i % 4}") for i in range(60)]
    with log.producer() as producer:
        deliveries = [f.result(30) for f in [producer.emit(e) for e in events]]
    with PartitionReader(log.kafka) as reader:
        for partition in range(log.partitions):
            here = [e for e in events if partition_for(e.org_id, log.partitions) == partition]
            messages = list(reader.read(log.topics.events, partition, 0))
            seen = [decode(message.value()) for message in messages]
            assert [replace(e, producer=None) for e in seen] == here
            assert [e.producer.counter for e in seen if e.producer] == list(range(1, len(here) + 1))
            offsets = [d.offset for d in deliveries if d.partition == partition]
            assert offsets == [message.offset() for message in messages]


def test_an_invalid_event_is_refused_and_leaves_no_gap(log: KafkaLog) -> None:
    too_large = Change(path="/a", op=Op.ADD, after='"' + "x" * 1_000_000 + '"')
    with log.producer() as producer:
        for bad in (event(org_id=""), event(changes=(too_large,))):
            with pytest.raises(InvalidEvent):
                producer.emit(bad)
        good = event("org_after")
        where = producer.emit(good).result(30)
    with PartitionReader(log.kafka) as reader:
        (message,) = reader.read(log.topics.events, where.partition, where.offset)
    number = decode(message.value()).producer
    assert number is not None
    assert number.counter == 1


def test_a_dead_broker_is_reported_by_the_future_and_by_flush(stack: Stack) -> None:
    log = KafkaLog(stack.bootstrap_servers)
    producer = AuditLog(
        stack.bootstrap_servers, topic=log.topics.events, kafka={"delivery.timeout.ms": 1000}
    )
    stack.stop_service("kafka")
    try:
        future = producer.emit(event())
        with pytest.raises(DeliveryFailed):
            future.result(30)
        with pytest.raises(DeliveryFailed, match="1 events"):
            producer.flush(10)
    finally:
        stack.start_service("kafka")
    producer.close()
    with pytest.raises(Closed):
        producer.emit(event())


def test_a_full_queue_refuses_and_the_counter_stands_still(log: KafkaLog) -> None:
    kafka = {"queue.buffering.max.messages": 1, "linger.ms": 1000}
    events = [event("org_full") for _ in range(50)]
    refused = 0
    with AuditLog(log.kafka.bootstrap_servers, topic=log.topics.events, kafka=kafka) as producer:
        futures = []
        for e in events:
            try:
                futures.append(producer.emit(e))
            except QueueFull:
                refused += 1
        producer.flush(30)
        places = [future.result(30) for future in futures]
    assert refused > 0
    with PartitionReader(log.kafka) as reader:
        messages = reader.read(log.topics.events, places[0].partition, places[0].offset)
        numbers = [decode(m.value()).producer for m in messages]
    assert [n.counter for n in numbers if n] == list(range(1, len(places) + 1))


def test_a_broker_or_a_topic_that_is_not_there(log: KafkaLog) -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        AuditLog("127.0.0.1:1", timeout=1)
    with pytest.raises(Unreachable, match="topics create"):
        AuditLog(log.kafka.bootstrap_servers, topic="no.such.topic")
