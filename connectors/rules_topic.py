"""`hub.rules`: every version of the rules that was ever in effect, for whoever asks what an order was decided by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from connectors.reading import Reader
from hub.codec import Codec
from hub.domain.rule_files import RulesPublished
from hub.errors import BrokerError
from hub.kafka_refusals import explained
from hub.ruleset import RuleSet, restore_ruleset
from hub.topics import HUB_RULES, MAX_OUTPUT_BYTES


async def publish_rules(client: Mapping[str, Any], rules: RuleSet) -> None:
    """Write a version of the rules, and wait until Kafka has it; once more does no harm.

    Raises:
        BrokerError: Kafka did not take it.
    """
    key = rules.version.encode()
    value = Codec.load().encode(
        RulesPublished(version=rules.version, published_at=datetime.now(UTC), files=rules.files)
    )
    producer = AIOKafkaProducer(**client, acks="all", enable_idempotence=True, max_request_size=MAX_OUTPUT_BYTES)
    try:
        await producer.start()
        await producer.send_and_wait(HUB_RULES, value, key=key)
    except KafkaError as error:
        raise BrokerError(
            f"rules {rules.version} could not be written to {HUB_RULES}: {explained(client, error)}"
        ) from error
    finally:
        await producer.stop()


async def find_rules(reader: Reader, codec: Codec, version: str) -> RuleSet | None:
    """The rules of a version, None if it was never published. `reader` has found the topic as declared.

    Raises:
        ConfigError: this version of the hub does not understand them any more.
    """
    key = version.encode()
    found: RulesPublished | None = None
    async for record in reader.held([HUB_RULES], partition=reader.partition_of(key)):
        if record.key == key:
            found = codec.decode_as(RulesPublished, record.value)
    return None if found is None else restore_ruleset(found.files)
