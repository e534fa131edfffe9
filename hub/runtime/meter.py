"""What one partition of an agent tells Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from hub.metrics import Metrics
from hub.runtime.inbox import Portion
from hub.runtime.recovery import Recovered
from hub.runtime.spec import AgentSpec
from hub.runtime.store import Store
from hub.runtime.work import Work


class Meter:
    """The metrics of one partition, its labels filled in."""

    def __init__(self, metrics: Metrics, spec: AgentSpec[Any], partition: int) -> None:
        self._metrics = metrics
        self._agent = spec.name
        self._inputs = spec.inputs
        self._bounds = spec.bounds
        self._partition = str(partition)
        for step in spec.steps:
            metrics.step_seconds.labels(spec.name, step)
        for counter in (metrics.events_rekeyed, metrics.events_skipped, metrics.timers_fired, metrics.fenced):
            counter.labels(spec.name)

    def recovered(self, done: Recovered) -> None:
        """The store is level with its changelog."""
        self._metrics.recovery_seconds.labels(self._agent, self._partition).set(done.seconds)
        self._metrics.recovery_records.labels(self._agent, self._partition).set(done.records)

    def expired(self, topic: str, count: int) -> None:
        """Kafka deleted this many offsets before they were read."""
        self._metrics.events_expired.labels(self._agent, topic).inc(count)

    def skipped(self, count: int) -> None:
        """This many records had been applied before."""
        self._metrics.events_skipped.labels(self._agent).inc(count)

    def fenced(self) -> None:
        """Another worker has taken the partition over."""
        self._metrics.fenced.labels(self._agent).inc()

    def committed(
        self, work: Work[Any], portions: Sequence[Portion], fired: int, *, seconds: float, commit_seconds: float
    ) -> None:
        """A transaction is visible."""
        metrics, agent = self._metrics, self._agent
        for portion in portions:
            if portion.records:
                metrics.events_in.labels(agent, portion.topic).inc(len(portion.records))
        for (topic, _), outputs in work.outputs.items():
            metrics.events_out.labels(agent, topic).inc(len(outputs))
        for (topic, code), count in work.refused.items():
            metrics.events_refused.labels(agent, topic, code).inc(count)
        if work.forwarded:
            metrics.events_rekeyed.labels(agent).inc(work.forwarded)
        if fired:
            metrics.timers_fired.labels(agent).inc(fired)
        if any(portion.records for portion in portions):
            metrics.batch_records.labels(agent).observe(sum(len(portion.records) for portion in portions))
        metrics.transaction_seconds.labels(agent).observe(seconds)
        metrics.commit_seconds.labels(agent).observe(commit_seconds)

    def stepped(self, steps: Sequence[tuple[str, int]], now_ms: int) -> None:
        """Steps are visible that states had waited for since these times."""
        for step, since_ms in steps:
            self._metrics.step_seconds.labels(self._agent, step).observe(max(0, now_ms - since_ms) / 1000)

    def observe(self, store: Store, lag: Callable[[str], int | None]) -> None:
        """Bring the gauges up to date; `lag` gives how many records of a topic wait, None when not known."""
        agent, partition = self._agent, self._partition
        for topic in self._inputs:
            waiting = lag(topic)
            if waiting is not None:
                self._metrics.lag.labels(agent, topic, partition).set(waiting)
        for topic, offset in store.applied.items():
            self._metrics.applied_offset.labels(agent, topic, partition).set(offset)
        for topic, written_ms in store.input_ms.items():
            self._metrics.input_timestamp.labels(agent, topic, partition).set(written_ms / 1000)
        self._count(store.labels)
        for labels, count in store.marked.counts.items():
            self._metrics.stalled.labels(agent, partition, *labels).set(count)
            oldest_ms = store.marked.oldest_ms(labels)
            if oldest_ms is None:
                self._metrics.stalled_since.remove(agent, partition, *labels)
            else:
                self._metrics.stalled_since.labels(agent, partition, *labels).set(oldest_ms / 1000)

    def _count(self, counts: Mapping[str, int]) -> None:
        """How many states there are by label, and by what follows a slash in it how many up to each bound."""
        states: Counter[str] = Counter()
        within: Counter[str] = Counter()
        for label, count in counts.items():
            name, _, bound = label.partition("/")
            states[name] += count
            within[bound] += count
        for name, count in states.items():
            self._metrics.states.labels(self._agent, self._partition, name).set(count)
        for bound, count in zip(self._bounds, accumulate(within[each] for each in self._bounds), strict=True):
            self._metrics.slack.labels(self._agent, self._partition, bound).set(count)

    def forget(self, store: Store) -> None:
        """The partition is another worker's to tell of from now on: sums over workers must not count it twice."""
        agent, partition = self._agent, self._partition
        for topic in self._inputs:
            self._metrics.lag.remove(agent, topic, partition)
        for topic in store.applied:
            self._metrics.applied_offset.remove(agent, topic, partition)
        for label in store.labels:
            self._metrics.states.remove(agent, partition, label.partition("/")[0])
        for bound in self._bounds:
            self._metrics.slack.remove(agent, partition, bound)
        for topic in store.input_ms:
            self._metrics.input_timestamp.remove(agent, topic, partition)
        for labels in store.marked.counts:
            self._metrics.stalled.remove(agent, partition, *labels)
            self._metrics.stalled_since.remove(agent, partition, *labels)
