"""What a worker shows to those who watch it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from hub.runtime.partitioner import partition_of
from hub.web.pages import serve
from tests.support.runtime import Field, Running, until, words

LABELS = {
    "hub_events_in": {"agent", "topic"},
    "hub_events_out": {"agent", "topic"},
    "hub_events_refused": {"agent", "topic", "code"},
    "hub_events_rekeyed": {"agent"},
    "hub_timers_fired": {"agent"},
    "hub_batch_records": {"agent"},
    "hub_transaction_seconds": {"agent"},
    "hub_commit_seconds": {"agent"},
    "hub_applied_offset": {"agent", "topic", "partition"},
    "hub_input_timestamp_seconds": {"agent", "topic", "partition"},
    "hub_lag_records": {"agent", "topic", "partition"},
    "hub_states": {"agent", "partition", "label"},
    "hub_slack_hours_bucket": {"agent", "partition"},
    "hub_stalled": {"agent", "partition", "rule", "department", "severity"},
    "hub_stalled_oldest_timestamp_seconds": {"agent", "partition", "rule", "department", "severity"},
    "hub_step_seconds": {"agent", "step"},
    "hub_recovery_seconds": {"agent", "partition"},
    "hub_recovery_records": {"agent", "partition"},
    "hub_partitions": {"agent"},
    "hub_rebalances": set(),
    "hub_build_info": {"version", "python"},
    "hub_rules_refused": set(),
}
"""Every metric that a worker shows which has received, refused and forwarded something, and fired a timer."""
ONLY_WITH_RULES = {"hub_rules_info"}
ONLY_IN_TROUBLE = {"hub_events_skipped", "hub_events_expired", "hub_fenced_producers"}


@pytest.fixture
def field(kafka: str, unique: Callable[[str], str], tmp_path: Path) -> Field:
    return Field(kafka, unique("wc"), tmp_path)


async def _get(url: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, await response.text()


async def test_the_pages_tell_readiness_health_and_every_metric(field: Field) -> None:
    agent = field.spec(remind_after_ms=0)
    await field.create(agent)
    stray = (partition_of(b"w1", field.partitions) + 1) % field.partitions
    await field.feed(agent.sources[0], [*words(40, distinct=10), (b"w1", b"not a number"), (b"w2", b"-99")])
    await field.feed(agent.sources[0], [(b"w1", b"1")], partition=stray)
    async with (
        field.running(agent, wait=False) as running,
        serve(running.worker, running.metrics, "127.0.0.1", 0) as base,
    ):
        assert await _get(f"{base}/readyz") == (503, "not ready: partitions are being assigned or recovered\n")
        assert await _get(f"{base}/healthz") == (200, "ok\n")
        await running.ready()
        assert await _get(f"{base}/readyz") == (200, "ready\n")
        await field.read(agent.outputs[0], 42 + 10)
        status, text = await _get(f"{base}/metrics")
    assert status == 200
    families = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert set(families) == set(LABELS) | ONLY_WITH_RULES | ONLY_IN_TROUBLE
    for name, labels in LABELS.items():
        samples = families[name].samples
        assert samples, name
        assert all(set(sample.labels) - {"le"} == labels for sample in samples), name
    states = {sample.labels["label"]: 0.0 for sample in families["hub_states"].samples}
    for sample in families["hub_states"].samples:
        states[sample.labels["label"]] += sample.value
    assert states == {"even": 8, "odd": 2}
    assert sum(sample.value for sample in families["hub_stalled"].samples) == 1
    slack = {sample.labels["le"]: 0.0 for sample in families["hub_slack_hours_bucket"].samples}
    for sample in families["hub_slack_hours_bucket"].samples:
        slack[sample.labels["le"]] += sample.value
    assert slack == {"-1": 1, "+Inf": 10}
    counted = {sample.name: sample.value for sample in families["hub_step_seconds"].samples}
    assert counted["hub_step_seconds_count"] == 42


async def test_the_metrics_are_for_those_with_the_token_where_there_is_one(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    async with (
        field.running(agent) as running,
        serve(running.worker, running.metrics, "127.0.0.1", 0, token="s3cret") as base,
    ):
        for wrong in ({}, {"Authorization": "Bearer s3cre"}, {"Authorization": "s3cret"}):
            status, text = await _get(f"{base}/metrics", wrong)
            assert (status, text) == (401, "the metrics are for those with the token\n")
        status, text = await _get(f"{base}/metrics", {"Authorization": "Bearer s3cret"})
        assert status == 200
        assert "hub_build_info" in text
        assert await _get(f"{base}/healthz") == (200, "ok\n")
        assert await _get(f"{base}/readyz") == (200, "ready\n")


async def test_what_stands_still_and_the_age_of_what_was_read_are_told_after_all_local_state_is_lost(
    field: Field,
) -> None:
    agent = field.spec()
    await field.create(agent)
    before = time.time()
    await field.feed(agent.sources[0], [*words(40), (b"w1", b"-99")])
    async with field.running(agent) as running:
        await field.read(agent.outputs[0], 41)
        await until(lambda: running.value("hub_lag_records") == 0, running.task)
        told = _gauges(running)
    shutil.rmtree(field.home / "data")
    async with field.running(agent) as running:
        assert _gauges(running) == told
    assert len(told["hub_input_timestamp_seconds"]) == field.partitions
    assert all(before - 1 < each < time.time() + 1 for each in told["hub_input_timestamp_seconds"])
    assert told["hub_stalled"] == [1]
    assert before - 1 < told["hub_stalled_oldest_timestamp_seconds"][0] < time.time() + 1


def _gauges(running: Running) -> dict[str, list[float]]:
    running.worker.observe()
    families = {family.name: family for family in running.metrics.registry.collect()}
    names = ("hub_input_timestamp_seconds", "hub_stalled", "hub_stalled_oldest_timestamp_seconds")
    return {name: sorted(sample.value for sample in families[name].samples) for name in names}


async def test_a_worker_that_ends_is_not_ready_though_nothing_is_left_to_wait_for(field: Field) -> None:
    agent = field.spec()
    await field.create(agent)
    async with field.running(agent) as running:
        assert running.worker.ready
        running.worker.stop()
        assert not running.worker.ready
