"""Three questions to Kafka that the client library does not ask, by its own means.

What may I do, how full are your disks, and which release are you.

https://kafka.apache.org/protocol: Metadata 8, DescribeLogDirs 4 (KIP-827), ApiVersions 3 (KIP-584).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, ClassVar, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    String,
    TaggedFields,
    UnsignedVarInt32,
)

_TEXT = String("utf-8")
_COMPACT = CompactString("utf-8")
_OPERATIONS = {3: "Read", 4: "Write", 5: "Create", 8: "Describe", 10: "DescribeConfigs"}
"""Kafka's numbers of the operations that the hub's programs need."""
_FINALIZED_FEATURES = 2
"""Tag of the field."""


class _MetadataAnswer(Response):
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT))),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("name", _TEXT),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition_index", Int32),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("replica_nodes", Array(Int32)),
                        ("isr_nodes", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("topic_authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _MetadataQuestion(RequestStruct):
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataAnswer
    SCHEMA = Schema(
        ("topics", Array(_TEXT)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _Metadata(Request[_MetadataQuestion]):
    API_KEY: ClassVar[int] = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataQuestion]) -> _MetadataQuestion:
        return request_struct_class(self._topics, False, False, True)


class _LogDirsAnswer(Response):
    API_KEY = 35
    API_VERSION = 4
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "results",
            CompactArray(
                ("error_code", Int16),
                ("log_dir", _COMPACT),
                (
                    "topics",
                    CompactArray(
                        ("name", _COMPACT),
                        (
                            "partitions",
                            CompactArray(
                                ("partition_index", Int32),
                                ("partition_size", Int64),
                                ("offset_lag", Int64),
                                ("is_future_key", Boolean),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("total_bytes", Int64),
                ("usable_bytes", Int64),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _LogDirsQuestion(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 35
    API_VERSION = 4
    RESPONSE_TYPE = _LogDirsAnswer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic", _COMPACT), ("partitions", CompactArray(Int32)), ("tags", TaggedFields)),
        ),
        ("tags", TaggedFields),
    )


class _LogDirs(Request[_LogDirsQuestion]):
    API_KEY: ClassVar[int] = 35

    def build(self, request_struct_class: type[_LogDirsQuestion]) -> _LogDirsQuestion:
        return request_struct_class([], {})


class _VersionsAnswer(Response):
    API_KEY = 18
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "api_keys",
            CompactArray(("api_key", Int16), ("min_version", Int16), ("max_version", Int16), ("tags", TaggedFields)),
        ),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class _VersionsQuestion(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 18
    API_VERSION = 3
    RESPONSE_TYPE = _VersionsAnswer
    SCHEMA = Schema(("client_software_name", _COMPACT), ("client_software_version", _COMPACT), ("tags", TaggedFields))

    def parse_response_header(self, read_buffer: BytesIO | bytes) -> Any:
        """Of this one answer the header has no tagged fields, so that any client can read it (KIP-511)."""
        return ResponseHeader_v0.decode(read_buffer)


class _Versions(Request[_VersionsQuestion]):
    API_KEY: ClassVar[int] = 18

    def build(self, request_struct_class: type[_VersionsQuestion]) -> _VersionsQuestion:
        return request_struct_class("orderhub", "1", {})


class Disk(NamedTuple):
    """A directory of a broker's."""

    broker: int
    directory: str
    total: int
    usable: int
    """Bytes."""


async def allowed(admin: AIOKafkaAdminClient, topics: list[str]) -> Mapping[str, frozenset[str] | int]:
    """What this login may do with each topic, or the error code where it may not even see it."""
    answer = await admin._send_request(_Metadata(topics))
    return {
        name: error or frozenset(each for number, each in _OPERATIONS.items() if operations >> number & 1)
        for error, name, _internal, _partitions, operations in answer.topics
    }


async def disks(admin: AIOKafkaAdminClient, brokers: list[int]) -> tuple[list[Disk], int]:
    """The directories of all brokers, and the error code where Kafka does not tell, else 0."""
    found, refused = [], 0
    for broker in brokers:
        answer = await admin._send_request_to_node(broker, _LogDirs())
        refused = refused or answer.error_code
        found += [Disk(broker, log_dir, total, usable) for _, log_dir, _, total, usable, _ in answer.results]
    return found, refused


async def features(admin: AIOKafkaAdminClient) -> Mapping[str, int]:
    """The features all brokers have agreed on, with their levels; empty where there are none (ZooKeeper)."""
    answer = await admin._send_request(_Versions())
    raw = answer.tags.get(_FINALIZED_FEATURES)
    return dict(_features(BytesIO(raw))) if raw else {}


def _features(raw: BytesIO) -> Iterator[tuple[str, int]]:
    for _ in range(UnsignedVarInt32.decode(raw) - 1):
        name = _COMPACT.decode(raw)
        level, _least = Int16.decode(raw), Int16.decode(raw)
        TaggedFields.decode(raw)
        yield name or "", level
