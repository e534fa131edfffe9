"""Orders that stand still among thousands that do not, told by a real Prometheus through a real Alertmanager."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import signal
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from connectors.base import Event
from connectors.publishing import Publisher
from hub import kafka_admin
from hub.broker import EmbeddedBroker
from hub.codec import Codec
from hub.config import Settings
from hub.rules import RULES_DIR
from hub.topics import TOPICS
from tests.support.program import Program
from tests.support.prometheus import Alertmanager, Prometheus, Webhook, eventually, free_port, webhook
from tests.support.running_hub import RunningHub
from tests.support.stalls import RULES, Told, finished, in_work, terms, ways

pytestmark = pytest.mark.kafka

_POLLS = 8
"""Looked at so often with nothing new, the hub is at rest."""
FINISHED, IN_WORK = 4_000, 1_000
DASHBOARDS = Path(__file__).parents[2] / "deploy/grafana/dashboards"
NOW = datetime.now(UTC)
FIVE_DAYS, ONE_DAY = timedelta(days=5), timedelta(days=1)
WAYS = list(ways(NOW - FIVE_DAYS, NOW))
EXPECTED = {way.alert: way.receiver for way in WAYS}


@dataclass
class Watched:
    """A hub and those who watch it."""

    hub: RunningHub
    worker: Program
    prometheus: Prometheus
    alertmanager: Alertmanager
    hook: Webhook

    async def works(self) -> None:
        """Wait until the worker has all its partitions and Prometheus has seen that."""
        wanted = 3 * self.hub.settings.partitions

        async def owned() -> bool:
            found = await self.prometheus.query("sum(hub_partitions)")
            return bool(found) and float(found[0]["value"][1]) == wanted  # type: ignore[index]

        await eventually(owned, "the worker does not get its partitions")


async def _metrics(hub: RunningHub) -> dict[str, float]:
    """Sums of the worker's metrics by name, and orders by status."""
    url = f"http://127.0.0.1:{hub.settings.metrics_port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        lines = (await response.text()).splitlines()
    sums: dict[str, float] = {}
    for text in lines:
        if not text.startswith("#"):
            name, _, value = text.rpartition(" ")
            keys = [name.partition("{")[0], *re.findall(r'^hub_states{agent="orders".*label="(.+?)"', name)]
            sums |= {key: sums.get(key, 0.0) + float(value) for key in keys}
    return sums


async def _feed(hub: RunningHub, events: Iterable[Event], **statuses: int) -> None:
    """Send events, and wait until so many orders have each status and nothing more happens."""
    async with Publisher(hub.settings.kafka_client(), hub.codec, hub.settings.partitions) as publisher:
        await asyncio.gather(*[await publisher.submit(event) for event in events])
    seen: list[tuple[float, float]] = []

    async def still() -> bool:
        now = await _metrics(hub)
        seen.append((now.get("hub_events_in_total", 0), now.get("hub_events_out_total", 0)))
        as_far = all(now.get(status) == count for status, count in statuses.items())
        return as_far and now.get("hub_lag_records") == 0 and len(seen) > _POLLS and len(set(seen[-_POLLS:])) == 1

    await eventually(still, "the hub does not come to rest")


def _by_kind(stories: Iterable[Iterable[Event]]) -> list[Event]:
    """All first events, then all second ones, and so on: as many orders as possible are on their way at once."""
    rows = [list(story) for story in stories]
    return [row[place] for place in range(max(map(len, rows))) for row in rows if place < len(row)]


@pytest.fixture(scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """Five thousand healthy orders and ten that stand still, all of the last five days, in a hub of the present."""
    home = tmp_path_factory.mktemp("alerts")
    rules = home / "rules"
    shutil.copytree(RULES_DIR, rules)
    (rules / "monitor.yaml").write_text(RULES)
    policy = rules / "policy.yaml"
    policy.write_text(policy.read_text().replace("confirmation_wait: P2D", "confirmation_wait: P30D"))
    async with EmbeddedBroker(home / "kafka") as broker:
        settings = Settings(
            kafka_bootstrap=broker.bootstrap, data_dir=home / "worker", metrics_port=free_port(), rules_dir=rules
        )
        async with kafka_admin.connect(settings.kafka_client()) as admin:
            await kafka_admin.create(admin, TOPICS.values(), partitions=settings.partitions, replication_factor=1)
        hub = RunningHub(settings, Codec.load())
        await _past(hub, home)
        tables, sender_port = ("-m", "hub", "deliver", "sql", f"sqlite:///{home}/hub.db"), free_port()
        async with (
            webhook() as hook,
            Program(("-m", "hub", "worker"), hub.environment, home / "worker.log") as worker,
            Program(tables, hub.environment | {"HUB_SENDER_PORT": str(sender_port)}, home / "tables.log"),
        ):
            exported = hub.hub("monitor", "export", str(home / "deploy"))
            assert exported.returncode == 0, exported.stderr
            alertmanager = Alertmanager(home / "alertmanager", hook)
            prometheus = Prometheus(home / "prometheus", settings.metrics_port, sender_port, alertmanager)
            shutil.copy(home / "deploy/prometheus/rules.yml", home / "prometheus")
            assert await worker.says('"assigned"'), worker.last_words
            async with alertmanager, prometheus:
                assert await alertmanager.says("Listening"), alertmanager.last_words
                yield Watched(hub, worker, prometheus, alertmanager, hook)


async def _past(hub: RunningHub, home: Path) -> None:
    """What happened five days ago and one day ago."""
    behind = home / "behind"
    behind.write_text(str(FIVE_DAYS.total_seconds()))
    environment = hub.environment | {"HUB_TEST_BEHIND": str(behind)}
    async with Program(("-m", "tests.support.past_worker", "worker"), environment, home / "past.log") as worker:
        assert await worker.says('"assigned"'), worker.last_words
        await _feed(hub, terms(NOW - FIVE_DAYS))
        begun = NOW - FIVE_DAYS
        cancelled = (FINISHED + 7) // 8
        healthy = [finished(number, begun) for number in range(FINISHED)]
        stories = _by_kind([*healthy, *(way.events for way in WAYS)])
        await _feed(hub, stories, closed=FINISHED - cancelled, cancelled=cancelled)
        behind.write_text(str(ONE_DAY.total_seconds()))
        await _feed(hub, _by_kind(in_work(n, NOW - ONE_DAY) for n in range(IN_WORK)))
        worker.signal(signal.SIGTERM)
        assert await worker.ends() == 0, worker.last_words


async def test_exactly_the_orders_that_stand_still_are_told_once_to_whose_they_are_until_they_go_on(
    watched: Watched,
) -> None:
    prometheus, alertmanager, hook = watched.prometheus, watched.alertmanager, watched.hook
    await watched.works()
    await eventually(lambda: hook.told("firing").keys() >= EXPECTED.keys(), "not all that stands still is told")
    stalled = await prometheus.query("sum(hub_stalled)")
    assert stalled is not None
    assert float(stalled[0]["value"][1]) == len(WAYS)
    said = len(hook.notifications)

    for program in (alertmanager, watched.worker):
        program.signal(signal.SIGTERM)
        assert await program.ends() is not None
        await program.start()
    await watched.works()
    await eventually(lambda: _holds(alertmanager), "Alertmanager is not told again")
    prometheus.signal(signal.SIGTERM)
    assert await prometheus.ends() == 0
    await prometheus.start()
    await watched.works()
    await eventually(lambda: _fires(prometheus), "Prometheus does not see again what stands still")
    await asyncio.sleep(3)
    assert hook.notifications[said:] == []
    assert hook.told("firing") == EXPECTED
    assert hook.told("resolved") == {}

    await prometheus.forget_at_once()
    await _feed(watched.hub, _by_kind(way.ends for way in WAYS))
    await eventually(lambda: hook.told("resolved").keys() >= EXPECTED.keys(), "not all that goes on is told")
    assert hook.told("firing") == hook.told("resolved") == EXPECTED
    assert await prometheus.firing() == set()


async def _holds(alertmanager: Alertmanager) -> bool:
    return len(await alertmanager.alerts() or ()) == len(WAYS)


async def _fires(prometheus: Prometheus) -> bool:
    return await prometheus.firing() == EXPECTED.keys()


async def _some_stand_still(prometheus: Prometheus) -> bool:
    return bool(await prometheus.query("hub_stalled > 0"))


async def test_every_query_of_the_dashboards_gives_data_of_a_running_hub(watched: Watched) -> None:
    await watched.works()
    told = Told("IN-WORK-0", NOW).report("logistics", "accepted").command("release-hold", "finance", "invoice")
    refused = told.events[-1]  # there is no such hold
    stalled = Told("STALLED-11", NOW - ONE_DAY, "BU-1").report("procurement", "accepted", "scheduled")
    await watched.hub.send(*in_work(IN_WORK, NOW), refused, *stalled.events)
    await eventually(lambda: _some_stand_still(watched.prometheus), "Prometheus does not see what stands still now")
    boards = [json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))]
    queries = [target["expr"] for board in boards for panel in board["panels"] for target in panel["targets"]]
    assert len(queries) > 40
    empty = queries

    async def all_have_data() -> bool:
        nonlocal empty
        empty = [query for query in empty if not await watched.prometheus.query(query)]
        return not empty

    with contextlib.suppress(TimeoutError):
        await eventually(all_have_data, "queries have no data")
    assert empty == []
