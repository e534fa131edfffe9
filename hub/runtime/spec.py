"""What an agent is to the runtime: where it reads, where it writes, and the handler that decides.

The runtime knows nothing about orders. It gives a handler one record at a time inside a `Work`, the transaction
being built, and makes everything the handler did visible at once, exactly once in effect, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import msgspec

if TYPE_CHECKING:
    from hub.runtime.work import Work

S = TypeVar("S")


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record as Kafka delivered it, its bytes undecoded."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """Epoch milliseconds."""
    timestamp_type: int
    """0: of its producer; 1: when the broker appended it."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


Headers = list[tuple[str, bytes]]
"""Message headers, in order; a list because aiokafka takes nothing else."""

APPLIED_TOPIC = "hub.applied"
"""Compacted; the last applied input offset of every (agent, topic), written to the partition it speaks of."""


SINCE_HEADER = "hub-since-ms"
"""On a record that the hub wrote for itself: when the record from outside that led to it was written."""

_DIGITS = 15
"""Of milliseconds; anybody may write a header."""


def since_ms(record: Record) -> int:
    """When what is being done about a record began: when it, or the record from outside that led to it, was written.

    Epoch milliseconds. It is the time of the log, not of the event: how long the event took to get there is its
    source's affair.
    """
    for name, value in record.headers:
        if name == SINCE_HEADER and value.isdigit() and len(value) <= _DIGITS:
            return min(int(value), record.timestamp)
    return record.timestamp


def since_header(since: int) -> tuple[str, bytes]:
    """What lets `since_ms` tell the time of a record that the hub writes for itself."""
    return SINCE_HEADER, str(since).encode()


class Handler(Protocol[S]):
    """An agent's behaviour: synchronous, CPU only, deterministic given state, record and `work.now`.

    An exception is a bug: the transaction is aborted and the process ends. Refusals go through `work.refuse`.
    """

    def on_record(self, work: Work[S], record: Record) -> None:
        """Take one record, in partition order of its topic."""

    def on_timer(self, work: Work[S], key: bytes, due_ms: int) -> None:
        """A due time put with `key` has passed. Put again with another due time, or none, to disarm it."""

    def encode(self, state: S) -> bytes:
        """The changelog value of a state; called once per changed key and transaction."""

    def decode(self, raw: bytes) -> S:
        """The inverse of `encode`."""


def _itself(key: bytes) -> bytes:
    return key


@dataclass(frozen=True)
class AgentSpec(Generic[S]):
    """One agent: topics in, topics out, where its state is kept, and the handler between them.

    All its topics are co-partitioned: partition p of each is processed together by the owner of p.
    """

    name: str
    sources: tuple[str, ...]
    outputs: tuple[str, ...]
    changelog: str
    handler: Handler[S]
    rekey: str
    """Records found on a partition that is not their key's are forwarded here, once, rightly keyed; a source too."""
    dead_letter: str = "hub.dead-letter"
    key_name: str = "key"
    """What a key of its input is called in the log."""
    steps: tuple[str, ...] = ()
    """What `work.stepped` is told of, so that the metrics show it before it happens for the first time."""
    bounds: tuple[str, ...] = ()
    """What may follow a slash in a state's label: the upper bound, in hours, of the slack it has; rising to +Inf."""
    rewrite: Callable[[S, S, bytes], bytes] | None = None
    """What `handler.encode` gives for a state, made from the one it replaces, given next, and the value of that."""
    record_key: Callable[[bytes], bytes] = _itself
    """The key of the records that a state's key belongs to, where several states lie with one: their partition's."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every topic the agent reads."""
        return (*self.sources, self.rekey)

    @property
    def topics(self) -> frozenset[str]:
        """Every topic the agent touches; all must exist with the same number of partitions."""
        return frozenset({*self.inputs, *self.outputs, self.changelog, self.dead_letter, APPLIED_TOPIC})


@dataclass(frozen=True)
class RuntimeConfig:
    """How the runtime runs; times in milliseconds, sizes in bytes."""

    app_id: str
    bootstrap: str
    data_dir: Path
    """Holds one RocksDB per agent partition. One worker per directory; may be deleted at any time when stopped."""
    client: Mapping[str, Any] = field(default_factory=dict)
    """Security settings for every aiokafka client (security_protocol, ssl_context, sasl_*)."""
    max_batch_records: int = 10_000
    """In one transaction. The more, the more often one key's state is written once for several records."""
    session_timeout_ms: int = 8_000
    transaction_timeout_ms: int = 20_000
    request_timeout_ms: int = 40_000
    poison_attempts: int = 3
    """How often one record alone may end the process before it is dead-lettered."""
    cached_states: int = 3_000
    """Decoded states kept per agent partition: the last so many used, and at most twice as many."""
    concurrent_recoveries: int = 4
    broker_wait_ms: int = 60_000
    """How long a starting worker waits for a broker that does not answer."""

    def client_arguments(self) -> dict[str, Any]:
        """What every aiokafka client of this worker is created with."""
        return {"bootstrap_servers": self.bootstrap, "client_id": self.app_id, **self.client}
