"""Looks at everything: broker, versions, topics, partitioners, clocks, disks, rights, registry."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaError,
    TransactionalIdAuthorizationFailed,
)

from connectors.reading import Reader
from hub import kafka_admin
from hub.access import Role
from hub.codec import Codec
from hub.codec.registry import Registry
from hub.config import Settings
from hub.doctor import records, surroundings, wire
from hub.doctor.finding import Finding
from hub.errors import HubError
from hub.runtime.spec import Record
from hub.topics import HUB_PROBE, TOPICS

_SAMPLE = 50
"""Newest records of each partition that are looked at."""
_ATTEMPTS = 40
_AGAIN_SECONDS = 0.25
_INPUTS = tuple(topic.name for topic in TOPICS.values() if topic.direction == "in")


async def examine(settings: Settings, role: Role, registry: str) -> AsyncIterator[Finding]:
    """Everything that is found, one after the other; `registry` is the address of a schema registry.

    What cannot be looked at is a finding too. Raises ConfigError where the settings themselves cannot be used.
    """
    client = settings.kafka_client()
    yield _worker_disk(settings)
    try:
        async with kafka_admin.connect(client) as admin:
            cluster = await admin.describe_cluster()
            brokers = [each["node_id"] for each in cluster["brokers"]]
            yield Finding("broker", "ok", f"Kafka at {settings.kafka_bootstrap} answers, {len(brokers)} broker(s)")
            for finding in surroundings.judge_versions(await wire.features(admin)):
                yield finding
            async for finding in _topics(admin, settings):
                yield finding
            for finding in surroundings.judge_disks(*await wire.disks(admin, brokers)):
                yield finding
            yield await _rights(admin, settings, role)
        async for finding in _records(settings):
            yield finding
    except HubError as error:
        yield Finding("broker", "failed", *_parted(error))
    async for finding in _registry(registry):
        yield finding


def _worker_disk(settings: Settings) -> Finding:
    directory = settings.data_dir.absolute()
    there = next(path for path in (directory, *directory.parents) if path.exists())
    usage = shutil.disk_usage(there)
    return surroundings.judge_disk(f"the worker's, {directory}", usage.free, usage.total)


async def _topics(admin: AIOKafkaAdminClient, settings: Settings) -> AsyncIterator[Finding]:
    try:
        wrong = await kafka_admin.differences(admin, TOPICS.values(), partitions=settings.partitions)
    except KafkaError as error:
        yield Finding(
            "topics",
            "unknown",
            f"Kafka does not let this login compare the topics ({type(error).__name__})",
            "run it as role doctor or administrator of `hub topics acls`",
        )
        return
    for sentence in kafka_admin.explain(wrong):
        found, _, remedy = sentence.partition("; ")
        check = (
            "partitions"
            if any(each.aspect == "partitions" for each in wrong) and "partitions where" in found
            else "topics"
        )
        yield Finding(check, "failed", found, remedy.rstrip("."))
    if not wrong:
        yield Finding("topics", "ok", f"all {len(TOPICS)} topics are as declared")
    if not any(each.aspect in {"partitions", "missing"} for each in wrong):
        yield Finding("partitions", "ok", f"every topic has {settings.partitions} partitions")


async def _rights(admin: AIOKafkaAdminClient, settings: Settings, role: Role) -> Finding:
    allowed = await wire.allowed(admin, list(TOPICS))
    group = not role.member or await _may_use_group(admin, settings.app_id)
    transactions = role.transactions != "" or await _may_use_transactions(settings)
    return surroundings.judge_rights(role, allowed, group=group, transactions=transactions)


async def _may_use_group(admin: AIOKafkaAdminClient, group: str) -> bool:
    """Whether it may be described, as by whoever may read; a Kafka that has had no group yet needs a while for it."""
    for _ in range(_ATTEMPTS):
        try:
            (answer,) = await admin.describe_consumer_groups([group])
        except GroupAuthorizationFailedError:
            return False
        except GroupCoordinatorNotAvailableError:
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return all(error != GroupAuthorizationFailedError.errno for error, *_ in answer.groups)
    raise GroupCoordinatorNotAvailableError(group)


async def _may_use_transactions(settings: Settings) -> bool:
    """Whether a producer may begin transactions under an id of the hub's; under one that nobody else uses."""
    producer = AIOKafkaProducer(**settings.kafka_client(), transactional_id=f"{settings.app_id}-doctor")
    try:
        await producer.start()
    except TransactionalIdAuthorizationFailed:
        return False
    finally:
        await producer.stop()
    return True


async def _records(settings: Settings) -> AsyncIterator[Finding]:
    try:
        newest = await _newest(settings)
    except HubError as error:
        yield Finding("partitioners", "unknown", *_parted(error))
    else:
        for finding in _judge(newest, settings):
            yield finding
    yield await _clock(settings)


def _judge(newest: list[Record], settings: Settings) -> Iterator[Finding]:
    yield from records.judge_partitioners(newest, settings.partitions)
    yield from records.judge_producers_clocks(newest, _now_ms())


async def _newest(settings: Settings) -> list[Record]:
    reader = Reader(settings.kafka_client(), settings.partitions)
    positions = {place: max(begin, end - _SAMPLE) for place, (begin, end) in (await reader.spans(_INPUTS)).items()}
    return [record async for batch in reader.after(_INPUTS, positions, follow=False) for record in batch]


async def _clock(settings: Settings) -> Finding:
    """Kafka's clock by the time at which it appends a record."""
    producer = AIOKafkaProducer(**settings.kafka_client(), acks="all")
    try:
        await producer.start()
        await producer.send_and_wait(HUB_PROBE, b"?")  # what is needed to connect does not count
        before = _now_ms()
        sent = await producer.send_and_wait(HUB_PROBE, b"?")
        after = _now_ms()
    except KafkaError as error:
        return Finding(
            "clock",
            "unknown",
            f"Kafka did not take a record on {HUB_PROBE} ({type(error).__name__})",
            "grant what `hub topics acls doctor` prints, and see that enough replicas are in sync",
        )
    finally:
        with suppress(KafkaError):
            await producer.stop()
    return records.judge_clock(sent.timestamp, before, after)


async def _registry(url: str) -> AsyncIterator[Finding]:
    from hub.web.push import missing  # noqa: PLC0415 - aiohttp takes its time, others need not wait for it

    try:
        Codec.load()
        own = Registry.load()
    except HubError as error:
        yield Finding("registry", "failed", *_parted(error))
        return
    try:
        absent = await missing(own, url)
    except HubError as error:
        yield Finding("registry", "warning", *_parted(error))
        return
    if absent:
        yield Finding(
            "registry",
            "failed",
            f"{url} lacks {len(absent)} of the hub's schemas, {absent[0]} for one",
            f"`hub schemas push {url}`, or restart the worker there with this release",
        )
    else:
        yield Finding("registry", "ok", f"{url} has every schema of the hub under its id")


def _parted(error: HubError) -> tuple[str, str]:
    """What is wrong, and what to do, of a sentence that says both."""
    found, _, remedy = str(error).rstrip(".").partition(": ")
    return found, remedy


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
