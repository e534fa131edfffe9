"""`Work`: one transaction while it is being built. What a handler sees of the runtime."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from hub.runtime.marks import Marks, pack
from hub.runtime.partitioner import partition_of
from hub.runtime.spec import APPLIED_TOPIC, AgentSpec, Headers, Record, since_header, since_ms
from hub.runtime.store import Entry, Store
from hub.runtime.tracing import Taken

S = TypeVar("S")

_FOREVER_MS = 1 << 63
_LABEL_CHARACTERS = 63
_LETTERS_TOLD = 10
"""Of one transaction: the log is for finding them, the topic has them all."""
_TRACE_BYTES = {"traceparent": 64, "tracestate": 512}
"""Header names of W3C Trace Context, and how long each may be."""


Held = tuple[object, int, str, Marks, bytes]
"""A decoded state, its due time in ms (0: none), label, marks, and its bytes, empty until it is sealed.

Bare tuples here and below: there is one per record.
"""

Output = tuple[bytes | None, bytes | None, Headers]
"""One message to be sent with the transaction: key, value, headers."""

_NO_HEADERS: Headers = []


class _Here(dict[str, list[Output]]):
    """The outputs to one partition, by topic: the very lists of `Work.outputs`, found without a tuple to hash."""

    def __init__(self, outputs: defaultdict[tuple[str, int], list[Output]], partition: int) -> None:
        super().__init__()
        self._outputs = outputs
        self._partition = partition

    def __missing__(self, topic: str) -> list[Output]:
        self[topic] = found = self._outputs[topic, self._partition]
        return found


class Letter(NamedTuple):
    """A record that goes to the dead letters."""

    origin: tuple[str, int, int]
    """Topic, partition, offset."""
    key: bytes | None
    code: str
    reason: str
    traceparent: bytes


class StateCache:
    """The hot states of a partition, decoded, in two generations.

    What is written or found again is young; when the young are `size`, they become the old, and what was old until
    then and not used since goes. So it holds the last `size` used, and at most twice as many.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[bytes, Held | None] = {}
        self._old: dict[bytes, Held | None] = {}

    def get(self, key: bytes) -> Held | None:
        """The cached state of `key`."""
        held = self._young.get(key)
        if held is None and key not in self._young and (held := self._old.get(key)) is not None:
            self._young[key] = held
        return held

    def update(self, states: Mapping[bytes, Held | None]) -> None:
        """Remember states; None is a key whose state is to be forgotten."""
        self._young.update(states)
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}


class Work(Generic[S]):
    """The states, messages and refusals that shall become visible together."""

    def __init__(
        self,
        spec: AgentSpec[S],
        partition: int,
        partitions: int,
        *,
        now: datetime,
        store: Store,
        cache: StateCache,
    ) -> None:
        self.now = now
        """The time of this transaction, aware UTC: the only clock a handler has."""
        self.partition = partition
        self.partitions = partitions
        """How many there are of every topic."""
        self.outputs: defaultdict[tuple[str, int], list[Output]] = defaultdict(list)
        """What is to be sent, by topic and partition."""
        self.refused: dict[tuple[str, str], int] = {}
        """How many records were refused, by topic they came from and code."""
        self.letters: list[Letter] = []
        """The first of them, to be told in the log."""
        self.forwarded = 0
        self.steps: list[tuple[str, int]] = []
        """Steps that states took, and since when, in epoch milliseconds, they had waited for the hub to take them."""
        self.taken: list[Taken] = []
        """Records that shall have a span."""
        self.trace: Headers = _NO_HEADERS
        """W3C trace context of the record being handled: goes on with every message it leads to."""
        self._spec = spec
        self._store = store
        self._cache = cache
        self._here = _Here(self.outputs, partition)
        self._changed: dict[bytes, Held | None] = {}
        self._absent: set[bytes] = set()

    # --- for handlers ----------------------------------------------------------------------------

    def get(self, key: bytes) -> S | None:
        """The state of `key` as this transaction sees it."""
        held = self._changed.get(key) or self._held(key)
        return None if held is None else held[0]  # type: ignore[return-value]

    def put(
        self, key: bytes, state: S | None, *, due_ms: int | None = None, label: str = "", marks: Marks = ()
    ) -> None:
        """Set, or with None delete, the state of `key`.

        `due_ms`: epoch milliseconds when `on_timer` shall be called for it, None for never. `label`: counted per
        partition and shown in the metrics, e.g. a status; behind a slash one of the agent's bounds. `marks`: what is
        the matter with it, no two with the same labels; counted, and told with the age of the oldest.

        Raises:
            ValueError: a due time or label the store cannot hold; once committed, no recovery would get past it.
        """
        if due_ms is not None and not 0 <= due_ms < _FOREVER_MS:
            raise ValueError(f"due time {due_ms} ms is not one between 1970 and the year 292278994")
        if label and len(label) > _LABEL_CHARACTERS:
            raise ValueError(f"label {label!r} is longer than {_LABEL_CHARACTERS} characters")
        self._changed[key] = None if state is None else (state, due_ms or 0, label, marks, b"")

    def emit(self, topic: str, key: bytes, value: bytes, headers: Headers | None = None) -> None:
        """Send a message to the partition its key belongs on."""
        if headers is None:
            headers = _NO_HEADERS
        if self.trace:
            headers = [*headers, *self.trace]
        if key in self._changed:  # most are about the state just put, which is at home here
            self._here[topic].append((key, value, headers))
        else:
            self.outputs[topic, partition_of(key, self.partitions)].append((key, value, headers))

    def stepped(self, step: str, since_ms: int) -> None:
        """Tell the metrics how long a step took: from `since_ms`, epoch milliseconds, until this is committed."""
        self.steps.append((step, since_ms))

    def refuse(self, record: Record, code: str, reason: str) -> None:
        """Send a record to the dead letters: key, value and headers as they came, the reason in more headers.

        `code` is stable and machine-readable; `reason` tells a person what, where and what to do.
        """
        self.dead_letter(
            record.key,
            record.value,
            list(record.headers),
            origin=(record.topic, record.partition, record.offset),
            code=code,
            reason=reason,
        )

    def dead_letter(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        *,
        origin: tuple[str, int, int],
        code: str,
        reason: str,
    ) -> None:
        """Send bytes that came from `origin` (topic, partition, offset) to the dead letters; see `refuse`."""
        topic, partition, offset = origin
        self.refused[topic, code] = self.refused.get((topic, code), 0) + 1
        if len(self.letters) < _LETTERS_TOLD:
            self.letters.append(Letter(origin, key, code, reason, dict(headers).get("traceparent", b"")))
        why = [
            ("hub-dlq-code", code.encode()),
            ("hub-dlq-reason", reason.encode()),
            ("hub-dlq-topic", topic.encode()),
            ("hub-dlq-partition", str(partition).encode()),
            ("hub-dlq-offset", str(offset).encode()),
            ("hub-dlq-agent", self._spec.name.encode()),
        ]
        self.outputs[self._spec.dead_letter, self.partition].append((key, value, [*headers, *why]))

    def owns(self, key: bytes) -> bool:
        """Whether `key` belongs on this partition."""
        return (
            key in self._changed
            or self._cache.get(key) is not None
            or (partition_of(key, self.partitions) == self.partition)
        )

    def forward(self, record: Record, key: bytes) -> None:
        """Send a record that lies on the wrong partition to the right one, under `key`, bytes untouched."""
        self.forwarded += 1
        headers = [
            *record.headers,
            since_header(since_ms(record)),
            ("hub-rekeyed-topic", record.topic.encode()),
            ("hub-rekeyed-partition", str(record.partition).encode()),
            ("hub-rekeyed-offset", str(record.offset).encode()),
        ]
        self.outputs[self._spec.rekey, partition_of(key, self.partitions)].append((key, record.value, headers))

    # --- for the runtime -------------------------------------------------------------------------

    def due_ms(self, key: bytes) -> int:
        """When the timer of `key` is due as this transaction sees it, 0 for never."""
        held = self._held(key)
        return 0 if held is None else held[1]

    def disarm(self, key: bytes) -> None:
        """The timer of `key` is being handled: it is due no more, unless the handler puts it again."""
        held = self._held(key)
        if held is not None:
            self._changed[key] = (held[0], 0, *held[2:])

    def seal(self) -> dict[bytes, Entry | None]:
        """Encode every changed state, add it to the changelog outputs, and give what the store is to write."""
        changelog: list[Output] = []
        entries: dict[bytes, Entry | None] = {}
        for key, held in self._changed.items():
            if held is None:
                entries[key] = None
                changelog.append((key, None, []))
                continue
            state, due_ms, label, marks, _ = held
            raw = self._encoded(key, state)  # type: ignore[arg-type]
            self._changed[key] = (state, due_ms, label, marks, raw)
            entries[key] = Entry(raw, due_ms, label, marks)
            beside = state_headers(due_ms, label, marks) if due_ms or label or marks else _NO_HEADERS
            changelog.append((key, raw, beside))
        if changelog:
            self.outputs[self._spec.changelog, self.partition].extend(changelog)
        return entries

    def replaced(self) -> dict[bytes, tuple[int, str] | None]:
        """Due time and label the store holds now for the changed keys, None for no state, as far as they are known."""
        known: dict[bytes, tuple[int, str] | None] = dict.fromkeys(self._absent)
        get = self._cache.get
        known |= {key: (held[1], held[2]) for key in self._changed if (held := get(key)) is not None}
        return known

    def largest(self) -> tuple[int, str]:
        """How many bytes the largest value to be sent has, and the topic it goes to."""
        return max((len(value or b""), topic) for (topic, _), sent in self.outputs.items() for _, value, _ in sent)

    def publish(self) -> None:
        """The transaction is committed: the changed states are the current ones."""
        self._cache.update(self._changed)

    def send_applied(self, applied: Mapping[str, int], input_ms: Mapping[str, int]) -> None:
        """Add the applied offset of each source topic to the transaction, on the partition it speaks of.

        `input_ms`: when the record at that offset was written, epoch milliseconds; goes with it.
        """
        for source, offset in applied.items():
            key = f"{self._spec.name}/{source}".encode()
            written = [("hub-input-ms", str(input_ms[source]).encode())]
            self.outputs[APPLIED_TOPIC, self.partition].append((key, str(offset).encode(), written))

    def _encoded(self, key: bytes, state: S) -> bytes:
        """The state's changelog value, made from the one it replaces where that is at hand."""
        rewrite, old = self._spec.rewrite, self._cache.get(key)
        if rewrite is None or old is None:
            return self._spec.handler.encode(state)
        return rewrite(state, old[0], old[4])  # type: ignore[arg-type]

    def _held(self, key: bytes) -> Held | None:
        if key in self._changed:
            return self._changed[key]
        held = self._cache.get(key)
        if held is None:
            if key in self._absent:
                return None
            entry = self._store.get(key)
            if entry is None:
                self._absent.add(key)
                return None
            held = (self._spec.handler.decode(entry.raw), *entry[1:], entry.raw)
            self._cache.update({key: held})
        return held


def trace_context(headers: Sequence[tuple[str, bytes]]) -> Headers:
    """The headers of W3C Trace Context among a record's, as they came; one that is too long is left out."""
    return [each for each in headers if len(each[1]) <= _TRACE_BYTES.get(each[0], -1)]


def state_headers(due_ms: int, label: str, marks: Marks = ()) -> Headers:
    """What the changelog keeps beside a state's bytes, so that recovery need not decode them."""
    headers = []
    if due_ms:
        headers.append(("hub-due-ms", str(due_ms).encode()))
    if label:
        headers.append(("hub-label", label.encode()))
    if marks:
        headers.append(("hub-marks", pack(marks)))
    return headers
