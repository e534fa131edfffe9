"""Recovery: bring a partition's store level with its changelog before the first record is taken.

The producer has been started first, so the previous owner is fenced and nothing more will be written by anyone
else. Reading `read_committed` up to the end offset is then reading all there is. Transaction markers take offsets
too, so the position is what tells, never the last record.

The applied offsets share a topic among agents: what another agent's dead owner left open there hides everything
behind it from `read_committed`, until that agent's new owner starts its producer or the transaction times out. So
the end read up to is the log's, not that of the last stable offset.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from hub.errors import RecoveryError
from hub.runtime.marks import Marks, unpack
from hub.runtime.spec import APPLIED_TOPIC, AgentSpec, Record, RuntimeConfig
from hub.runtime.starting import start
from hub.runtime.store import Entry, Store

_CHUNK = 4_000
_DELETIONS_SEEN_MS = 12 * 3600 * 1000
"""Half of Kafka's default `delete.retention.ms`: compaction may have removed the deletions an older store missed."""
_log = structlog.get_logger(__name__)


class Recovered(NamedTuple):
    """What a recovery did."""

    records: int
    seconds: float
    rebuilt: bool
    """Whether the store had to be read from the beginning of the changelog."""


async def recover(config: RuntimeConfig, spec: AgentSpec[Any], partition: int, store: Store) -> Recovered:
    """Read the changelog and the applied offsets of one partition from the store's checkpoints to the end.

    Raises:
        RecoveryError: there are states, but nothing tells which input made them.
    """
    started = time.monotonic()
    now_ms = time.time_ns() // 1_000_000
    changelog = TopicPartition(spec.changelog, partition)
    applied = TopicPartition(APPLIED_TOPIC, partition)
    consumer = AIOKafkaConsumer(
        **config.client_arguments(),
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
        request_timeout_ms=config.request_timeout_ms,
    )
    try:
        await start(consumer)
        consumer.assign([changelog, applied])
        begins = await consumer.beginning_offsets([changelog, applied])
        ends = await _log_ends(config, [changelog, applied])
        rebuilt = not store.checkpoints
        if any(
            not begins[tp] <= store.checkpoints.get(tp.topic, begins[tp]) <= ends[tp] for tp in (changelog, applied)
        ):
            _log.warning(
                "the changelog does not reach to the local state: reading it from the beginning",
                agent=spec.name,
                partition=partition,
                checkpoints=dict(store.checkpoints),
                begins={tp.topic: offset for tp, offset in begins.items()},
                ends={tp.topic: offset for tp, offset in ends.items()},
            )
            store.wipe()
            rebuilt = True
        elif _missed_deletions(store, now_ms, ends[changelog] - store.checkpoints.get(spec.changelog, ends[changelog])):
            _log.info("the local state is old: reading the changelog from the beginning", agent=spec.name)
            store.wipe()
            rebuilt = True
        count = 0
        level_ms = now_ms if rebuilt else 0
        for tp in (changelog, applied):
            consumer.seek(tp, max(store.checkpoints.get(tp.topic, 0), begins[tp]))
        behind = {tp for tp in (changelog, applied) if await consumer.position(tp) < ends[tp]}
        while behind:
            fetched = await consumer.getmany(*behind, timeout_ms=500, max_records=_CHUNK)
            for tp, records in fetched.items():
                count += len(records)
                position = await consumer.position(tp)
                if tp == changelog:
                    store.write(
                        {record.key: _entry(record) for record in records},
                        applied={},
                        checkpoints={tp.topic: position},
                        at_ms=level_ms,
                    )
                else:
                    offsets, times = _applied(spec.name, records)
                    store.write({}, applied=offsets, input_ms=times, checkpoints={tp.topic: position})
                await asyncio.sleep(0)
            behind = {tp for tp in behind if await consumer.position(tp) < ends[tp]}
        store.write({}, applied={}, checkpoints={tp.topic: ends[tp] for tp in (changelog, applied)}, at_ms=now_ms)
    finally:
        await consumer.stop()
    if store.labels.total() and not store.applied:
        raise RecoveryError(
            f"{spec.name}/{partition}: {spec.changelog} holds states, but {APPLIED_TOPIC} does not say which input "
            "made them: all of it would be applied again; restore that topic, or begin again with all topics empty"
        )
    return Recovered(count, time.monotonic() - started, rebuilt)


async def _log_ends(config: RuntimeConfig, at: list[TopicPartition]) -> dict[TopicPartition, int]:
    """The ends of the logs, open transactions included: a `read_committed` consumer gives the last stable offsets."""
    consumer = AIOKafkaConsumer(
        **config.client_arguments(), group_id=None, request_timeout_ms=config.request_timeout_ms
    )
    try:
        await start(consumer)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(at)
        return ends
    finally:
        await consumer.stop()


def _missed_deletions(store: Store, now_ms: int, behind: int) -> bool:
    """Whether deletions may be gone from the changelog that the store has not seen: it would keep what is deleted.

    One offset behind is level: the marker of the last transaction.
    """
    return behind > 1 and now_ms - store.written_ms > _DELETIONS_SEEN_MS


def _entry(record: Record) -> Entry | None:
    if record.value is None:
        return None
    due_ms, label = 0, ""
    marks: Marks = ()
    for name, value in record.headers:
        if name == "hub-due-ms":
            due_ms = int(value)
        elif name == "hub-label":
            label = value.decode()
        elif name == "hub-marks":
            marks = unpack(value)
    return Entry(record.value, due_ms, label, marks)


def _applied(agent: str, records: list[Record]) -> tuple[dict[str, int], dict[str, int]]:
    """By source topic, the applied offset and when the record there was written.

    A tombstone means that the topic is to be read from its beginning.
    """
    offsets: dict[str, int] = {}
    times: dict[str, int] = {}
    for record in records:
        owner, _, source = (record.key or b"").decode().partition("/")
        if owner == agent:
            offsets[source] = -1 if record.value is None else int(record.value)
            written = dict(record.headers).get("hub-input-ms")
            if written is not None:
                times[source] = int(written)
    return offsets, times
