"""`schemas/asyncapi.yaml`: the topics for the outside as an AsyncAPI 3 document, with Kafka bindings 0.5.0.

Its actions are the hub's: it receives on `in` topics and sends on `out` topics. Schemas are those beside it.
"""

from __future__ import annotations

from typing import Any

import yaml

from hub import __version__
from hub.codec.publish import documentation
from hub.codec.records import RECORDS, schema_name
from hub.topics import DEFAULT_PARTITIONS, TOPICS, Topic

ASYNCAPI_NAME = "asyncapi.yaml"

_BINDINGS = {"bindingVersion": "0.5.0"}
_AVRO = "application/vnd.apache.avro;version=1.9.0"
_BYTES = "Bytes"
"""The message of topics whose values are not the hub's."""
_DESCRIPTION = """\
Orders in over Kafka, settled to the cent. Values are Avro in Confluent's framing: 0x00, the schema's id in four bytes,
the body. Every worker of the hub serves the schemas as a read-only registry at the address of its metrics.
"""


def asyncapi() -> str:
    """The document in YAML."""
    topics = [topic for topic in TOPICS.values() if topic.direction != "internal"]
    records = {record for topic in topics for record in topic.records}
    document = {
        "asyncapi": "3.1.0",
        "info": {"title": "Order hub", "version": __version__, "description": _DESCRIPTION},
        "defaultContentType": "application/vnd.apache.avro",
        "servers": {"kafka": _server()},
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {_operation_id(topic): _operation(topic) for topic in topics},
        "components": {
            "messages": {
                **{struct.__name__: _message(struct) for struct in RECORDS if struct.__name__ in records},
                _BYTES: _bytes(),
            },
            "messageTraits": {"CloudEvent": {"headers": _headers()}},
        },
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _server() -> dict[str, Any]:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "HUB_KAFKA_BOOTSTRAP"}},
        "bindings": {
            "kafka": {"schemaRegistryUrl": "http://127.0.0.1:9464", "schemaRegistryVendor": "confluent", **_BINDINGS}
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    configuration: dict[str, Any] = {"cleanup.policy": [topic.cleanup]}
    configuration |= {
        name: int(value) for name, value in topic.configs.items() if name in ("retention.ms", "max.message.bytes")
    }
    return {
        "address": topic.name,
        "description": f"{topic.doc} Key: {topic.key}. Written by: {topic.owner}.",
        "messages": {record: {"$ref": f"#/components/messages/{record}"} for record in topic.records or (_BYTES,)},
        "bindings": {"kafka": {"partitions": DEFAULT_PARTITIONS, "topicConfiguration": configuration, **_BINDINGS}},
    }


def _operation_id(topic: Topic) -> str:
    words = topic.name.replace("-", ".").split(".")
    return ("receive" if topic.direction == "in" else "send") + "".join(word.capitalize() for word in words)


def _operation(topic: Topic) -> dict[str, Any]:
    return {
        "action": "receive" if topic.direction == "in" else "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
    }


def _message(struct: type) -> dict[str, Any]:
    name = schema_name(struct.__name__)
    return {
        "name": f"orderhub.{struct.__name__}",
        "title": struct.__name__,
        "summary": " ".join(documentation(struct).get("", "").split()),
        "traits": [{"$ref": "#/components/messageTraits/CloudEvent"}],
        "payload": {"schemaFormat": _AVRO, "schema": {"$ref": f"./{name}.avsc"}},
        "x-json-schema": f"./{name}.schema.json",
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "In UTF-8; its murmur2 chooses the partition."},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "schemaLookupStrategy": "RecordNameStrategy",
                **_BINDINGS,
            }
        },
    }


def _bytes() -> dict[str, Any]:
    headers = {f"hub-dlq-{name}": {"type": "string"} for name in ("code", "reason", "topic", "partition", "offset")}
    return {
        "title": "Refused record",
        "summary": "Key and value byte-identical, as they came; where from and why in the headers.",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "properties": headers},
        "payload": {"type": "string", "format": "binary"},
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "CloudEvents 1.0, binary mode. On all that the hub sends; it needs none on what it receives.",
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_type": {"type": "string", "description": "orderhub. and the record type"},
            "ce_id": {"type": "string", "description": "unique per source"},
            "ce_source": {"type": "string"},
            "ce_time": {"type": "string", "format": "date-time"},
        },
    }
