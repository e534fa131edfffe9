"""A department that takes the hub's work orders and reports on them, with Confluent's client as it comes.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python department.py production

Kafka and the schema registry (any worker of the hub is one) are where BOOTSTRAP and REGISTRY say. Where Kafka
demands a login, KAFKA_USERNAME, KAFKA_PASSWORD and KAFKA_CAFILE (who signs its certificate) are it.
"""

import os
import signal
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

BOOTSTRAP = os.environ.get("BOOTSTRAP", "127.0.0.1:9092")
REGISTRY = os.environ.get("REGISTRY", "http://127.0.0.1:9464")
STEPS = {
    "production": ["accepted", "produced"],
    "procurement": ["accepted", "received"],
    "logistics": ["accepted", "shipped", "delivered"],
}
"""What a department says of a work order, one after the other."""


def connection() -> dict:
    """Where Kafka is, and how to be let in."""
    settings = {"bootstrap.servers": BOOTSTRAP}
    if user := os.environ.get("KAFKA_USERNAME"):
        settings |= {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": os.environ["KAFKA_PASSWORD"],
            "ssl.ca.location": os.environ["KAFKA_CAFILE"],
        }
    return settings


def report(order: dict, kind: str, lines: list[dict] | None = None) -> dict:
    """That the department has done something; no lines means all that the work order still lacks.

    A line is {"line_id": "1", "quantity": "40"}, and its quantity comes on top of what was reported before.
    """
    return {
        # The same id whenever the same is reported: the hub lets it take effect once.
        "event_id": f"{order['work_order_id']}-{order['revision']}-{kind}",
        "source": order["department"],
        "occurred_at": datetime.now(UTC),
        "order_id": order["order_id"],
        "work_order_id": order["work_order_id"],
        "department": order["department"],
        "kind": kind,
        "lines": lines or [],
    }


def wait_for_registry(subject: str) -> None:
    """Until the schema registry answers."""
    while True:
        try:
            urllib.request.urlopen(f"{REGISTRY}/subjects/{subject}/versions/latest", timeout=5).close()  # noqa: S310
        except urllib.error.HTTPError:
            return
        except OSError:
            print(f"waits for the schema registry at {REGISTRY}", flush=True)
            time.sleep(2)
        else:
            return


def main(department: str) -> None:
    orders, status = f"{department}.orders", f"{department}.status"
    wait_for_registry(f"{status}-value")
    registry = SchemaRegistryClient({"url": REGISTRY})
    read = AvroDeserializer(registry)
    write = AvroSerializer(registry, conf={"auto.register.schemas": False, "use.latest.version": True})
    consumer = Consumer(
        {
            **connection(),
            "group.id": department,  # of every program that does this department's work, in whichever language
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",  # what the hub took back is not to be seen
        }
    )
    producer = Producer(
        {
            **connection(),
            "enable.idempotence": True,
            "partitioner": "murmur2_random",  # as Java and the hub choose partitions; librdkafka's default differs
        }
    )
    consumer.subscribe([orders])
    print(f"{department} waits for work on {orders}", flush=True)
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        order = read(message.value(), SerializationContext(orders, MessageField.VALUE))
        print(f"{order['action']} {order['work_order_id']}: {len(order['lines'])} lines", flush=True)
        if order["action"] != "cancel":
            for kind in STEPS[department]:  # your own work goes here
                value = write(report(order, kind), SerializationContext(status, MessageField.VALUE))
                producer.produce(status, value, key=order["order_id"])
        if producer.flush(30):
            sys.exit("Kafka did not acknowledge the reports; started again, this goes on where it was")
        consumer.commit(message)  # only now: whatever ends this program, no work order is forgotten


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in STEPS:
        sys.exit(f"usage: python department.py {'|'.join(STEPS)}")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main(sys.argv[1])
