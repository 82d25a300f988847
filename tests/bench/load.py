"""The gateways of a busy day: encoded events into Kafka at a fixed rate.

Run as a process: `python -m bench.load BOOTSTRAP TOPIC PARTITIONS RATE SECONDS`. It says `ready`
once the events are made and starts when a line comes in.
"""

import sys

from auditline.kafka import KafkaSettings, make_producer
from bench.log import produce
from bench.pace import paced
from bench.workload import values


def main(bootstrap: str, topic: str, partitions: int, rate: float, seconds: float) -> None:
    """Send events for *seconds* at *rate* a second."""
    events = list(values(int(rate * seconds)))
    print("ready", flush=True)
    sys.stdin.readline()
    producer = make_producer(KafkaSettings(bootstrap_servers=bootstrap))
    for i, (org_id, value) in enumerate(paced(events, rate)):
        produce(producer, topic, org_id, value, partitions)
        if i % 100 == 0:
            producer.poll(0)
    producer.flush(60)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
