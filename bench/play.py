"""The hub's agents in one process: their handlers, transactions and stores, and lists in the place of Kafka."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.load import Message
from bench.orders import CHAPTERS, Chapter, events, messages, terms
from bench.workload import PARTITIONS
from hub.agents import credit, orders
from hub.codec import Codec
from hub.domain.events import OrderPlaced
from hub.ruleset import Rules, load_ruleset
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import AgentSpec, Record
from hub.runtime.store import Entry, Store
from hub.runtime.work import StateCache, Work
from hub.topics import CUSTOMERS_EVENTS, MAX_EVENT_BYTES

_RECORDS = 2_000
_TIMERS = 1_000
_STATES = 3_000


class Play:
    """Both agents with their stores in `directory`. Transactions are of at most 2,000 records of one partition.

    Of what they send, `kept` has what goes to these topics.
    """

    def __init__(self, directory: Path, keep: Iterable[str] = (), codec: Codec | None = None) -> None:
        self.codec = codec = codec or Codec.load()
        rules = Rules(load_ruleset())
        self._agents: tuple[AgentSpec[Any], ...] = (
            orders.create_agent(codec, rules, max_event_bytes=MAX_EVENT_BYTES),
            credit.create_agent(codec, rules, max_event_bytes=MAX_EVENT_BYTES),
        )
        self._sources = frozenset(topic for agent in self._agents for topic in agent.inputs)
        self._homes = {
            (agent.name, number): (Store(directory / agent.name / str(number)), StateCache(_STATES))
            for agent in self._agents
            for number in range(PARTITIONS)
        }
        self._waiting: defaultdict[tuple[str, int], list[Record]] = defaultdict(list)
        self._offset = 0
        self.kept: dict[str, list[tuple[bytes, bytes]]] = {topic: [] for topic in keep}
        self.taken: Counter[str] = Counter()
        """Records taken, by agent."""

    def introduce(self, customers: int, now: datetime) -> None:
        """Tell the credit agent the customers' terms."""
        self.send(CUSTOMERS_EVENTS, messages(self.codec, terms(customers, now)))
        self.work()

    def chapters(self, placed: Sequence[OrderPlaced], of: Sequence[Chapter] = CHAPTERS) -> Iterator[Chapter]:
        """Put each chapter of the orders where the agents find it, for the caller to let them work."""
        for chapter in of:
            for topic in dict.fromkeys(topic for topic, _ in chapter.steps):
                self.send(topic, messages(self.codec, events(chapter, topic, placed)))
            yield chapter

    def send(self, topic: str, records: Iterable[Message]) -> None:
        """Put records on a topic."""
        for message in records:
            self._put(topic, message.partition, message.key, message.value)

    def work(self) -> None:
        """Let the agents work until nothing is left to do."""
        while any(self._waiting.values()):
            for agent in self._agents:
                for number in range(PARTITIONS):
                    for topic in agent.inputs:
                        waiting = self._waiting.pop((topic, number), [])
                        for begin in range(0, len(waiting), _RECORDS):
                            self.transact(agent, number, waiting[begin : begin + _RECORDS])

    def transact(self, agent: AgentSpec[Any], number: int, records: list[Record]) -> None:
        """What the runtime does for one transaction, but for Kafka."""
        store, cache = self._homes[agent.name, number]
        work = Work(agent, number, PARTITIONS, now=datetime.now(UTC), store=store, cache=cache)
        for record in records:
            agent.handler.on_record(work, record)
        entries = work.seal()
        last = records[-1]
        work.send_applied({last.topic: last.offset}, {last.topic: last.timestamp})
        self.write(store, entries, work.replaced())
        work.publish()
        self.taken[agent.name] += len(records)
        self._sent(work)

    def _sent(self, work: Work[Any]) -> None:
        for (topic, partition), outputs in work.outputs.items():
            if topic in self._sources:
                for key, value, _ in outputs:
                    self._put(topic, partition, key, value)
            if topic in self.kept:
                self.kept[topic] += [(key, value) for key, value, _ in outputs if key and value]

    def fill(self, agent: str, states: Iterable[tuple[bytes, Entry]]) -> None:
        """Put states into the stores as they are."""
        waiting: defaultdict[int, dict[bytes, Entry | None]] = defaultdict(dict)
        for key, entry in states:
            number = partition_of(key, PARTITIONS)
            waiting[number][key] = entry
            if len(waiting[number]) >= _RECORDS:
                entries = waiting.pop(number)
                self._homes[agent, number][0].write(entries, applied={}, checkpoints={}, known=dict.fromkeys(entries))
        for number, entries in waiting.items():
            self._homes[agent, number][0].write(entries, applied={}, checkpoints={}, known=dict.fromkeys(entries))

    def fire(self, name: str, now: datetime) -> int:
        """Let every timer of an agent go off that is due, as the runtime does, but for Kafka; how many there were."""
        (agent,) = (each for each in self._agents if each.name == name)
        fired = 0
        for number in range(PARTITIONS):
            store, cache = self._homes[name, number]
            while due := store.due(int(now.timestamp() * 1000), _TIMERS):
                work = Work(agent, number, PARTITIONS, now=now, store=store, cache=cache)
                for due_ms, key in due:
                    if work.due_ms(key) == due_ms:
                        work.disarm(key)
                        agent.handler.on_timer(work, key, due_ms)
                self.write(store, work.seal(), work.replaced())
                work.publish()
                self._sent(work)
                fired += len(due)
        return fired

    def write(
        self, store: Store, entries: Mapping[bytes, Entry | None], known: Mapping[bytes, tuple[int, str] | None]
    ) -> None:
        """Write a transaction's states."""
        store.write(entries, applied={}, checkpoints={}, known=known)

    def states(self, agent: str) -> Iterator[tuple[bytes, bytes]]:
        """Key and changelog value of everything an agent keeps."""
        for (name, _), (store, _) in self._homes.items():
            if name == agent:
                for key, entry in store:
                    yield key, entry.raw

    def close(self) -> None:
        """Close the stores."""
        for store, _ in self._homes.values():
            store.close()

    def _put(self, topic: str, partition: int, key: bytes | None, value: bytes | None) -> None:
        self._offset += 1
        record = Record(topic, partition, self._offset, 0, 0, key, value, ())
        self._waiting[topic, partition].append(record)
