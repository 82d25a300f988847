"""The local broker with a real client: started, killed, started again, its data there."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from auditline.local import kafka
from auditline.local.ports import is_free
from auditline.local.service import Service
from auditline.local.supervisor import Supervisor, SupervisorBusy

pytestmark = pytest.mark.integration

TOPIC = "t"


class Broker:
    """The broker under test, alone under a supervisor."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.directory = supervisor.directory
        self.service: Service = kafka.service(self.directory / "kafka")
        supervisor.start(self.service)
        self.address = f"127.0.0.1:{self.service.ports['kafka']}"
        client = AdminClient({"bootstrap.servers": self.address})
        client.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(30)

    def produce(self, values: list[bytes], transaction: str | None = None) -> None:
        """Returns when the broker has acknowledged all of them."""
        options = {"transactional.id": transaction} if transaction else {}
        producer = Producer(
            {"bootstrap.servers": self.address, "enable.idempotence": True, **options}
        )
        failed: list[KafkaError] = []
        if transaction:
            producer.init_transactions(30)
            producer.begin_transaction()
        for value in values:
            producer.produce(TOPIC, value, on_delivery=lambda e, _: failed.append(e) if e else None)
        assert producer.flush(30) == 0
        if transaction:
            producer.commit_transaction(30)
        assert not failed

    def values(self) -> list[bytes]:
        """All committed values of the topic, in order."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.address,
                "group.id": "test",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
            }
        )
        consumer.assign([TopicPartition(TOPIC, 0, 0)])
        found: list[bytes] = []
        try:
            while (message := consumer.poll(30)) is not None:
                error = message.error()
                if error is not None:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    return found
                found.append(message.value() or b"")
            raise AssertionError("the broker does not answer")
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Supervisor(tmp_path_factory.mktemp("broker")) as supervisor:
        yield Broker(supervisor)


def test_records_survive_kill_9_and_the_port_stays(broker: Broker) -> None:
    broker.produce([b"1", b"2"])
    broker.produce([b"3"], transaction="a")
    before = broker.values()
    assert before[-3:] == [b"1", b"2", b"3"]
    broker.supervisor.kill("kafka", signal.SIGKILL)
    broker.supervisor.wait_ready("kafka")
    assert broker.values() == before
    broker.produce([b"4"], transaction="a")
    assert broker.values() == [*before, b"4"]


def test_a_broker_stopped_in_good_order_starts_again(broker: Broker) -> None:
    before = broker.values()
    broker.supervisor.stop("kafka")
    assert is_free(broker.service.ports["kafka"])
    assert kafka.service(broker.directory / "kafka").ports == broker.service.ports
    broker.supervisor.start("kafka")
    assert broker.values() == before


def test_topics_are_not_made_by_a_typing_error(broker: Broker) -> None:
    client = AdminClient({"bootstrap.servers": broker.address})
    producer = Producer({"bootstrap.servers": broker.address, "message.timeout.ms": 3000})
    producer.produce("no-such-topic", b"x")
    producer.flush(5)
    assert "no-such-topic" not in client.list_topics(timeout=10).topics


def test_the_settings_of_one_node_are_in_force(broker: Broker) -> None:
    client = AdminClient({"bootstrap.servers": broker.address})
    resource = ConfigResource(ResourceType.BROKER, "1")
    found = client.describe_configs([resource])[resource].result(10)
    assert found["group.initial.rebalance.delay.ms"].value == "0"
    assert found["message.max.bytes"].value == str(kafka.MAX_MESSAGE_BYTES)
    assert found["transaction.state.log.min.isr"].value == "1"


def test_an_event_of_a_megabyte_fits(broker: Broker) -> None:
    producer = Producer({"bootstrap.servers": broker.address, "message.max.bytes": 4_000_000})
    errors: list[KafkaError] = []
    producer.produce(
        TOPIC, bytes(2_000_000), on_delivery=lambda e, _: errors.append(e) if e else None
    )
    assert producer.flush(30) == 0
    assert errors == []


def test_a_second_one_in_the_directory_is_refused(broker: Broker) -> None:
    with pytest.raises(SupervisorBusy):
        Supervisor(broker.directory)


def test_the_broker_logs_by_its_own_configuration(broker: Broker) -> None:
    log = (broker.directory / "kafka" / "log" / "server.log").read_text()
    assert "Kafka Server started" in log
    assert "SLF4J" not in (broker.directory / "logs" / "kafka.log").read_text()


def test_a_download_that_was_killed_is_done_again(tmp_path: Path) -> None:
    (tmp_path / "fetching-killed" / "libs").mkdir(parents=True)
    jars = kafka.fetch(tmp_path)
    assert any(jar.name == f"kafka_2.13-{kafka.version()}.jar" for jar in jars.iterdir())
    assert kafka.fetch(tmp_path) == jars
