"""The state of one agent partition on local disk: RocksDB, rebuilt from the changelog when it is missing or behind.

One key space with five prefixes, so that one write batch keeps them consistent without column families:

- `s` + key -> due time (8 bytes, 0 for none), label (1 byte length + text), value as in the changelog
- `t` + due time + key -> empty: the timers in order of due time, so that firing costs O(due)
- `k` + key -> marks, of those states that bear any (see `hub.runtime.marks`)
- `m` + name -> applied offsets and when their records were written, changelog checkpoints, counts per label
- `a` -> the attempt under way (see `hub.runtime.poison`)
"""

from __future__ import annotations

import fcntl
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import orjson
from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch

from hub.errors import ConfigError
from hub.runtime.marks import Marked, Marks, pack, unpack

_NO_DUE = b"\0" * 8
_META = b"mmeta"
_NO_ENTRY: tuple[int, str | None] = (0, None)
_NOTHING: Mapping[bytes, tuple[int, str] | None] = MappingProxyType({})
_NO_TIMES: Mapping[str, int] = MappingProxyType({})
_ATTEMPT = b"a"


class Entry(NamedTuple):
    """One key's state as stored: changelog bytes, due time in ms (0: none), label and marks."""

    raw: bytes
    due_ms: int = 0
    label: str = ""
    marks: Marks = ()


class Store:
    """State, timers and bookkeeping of one agent partition. Not thread safe."""

    def __init__(self, path: Path) -> None:
        """Open or create the database at `path`.

        Raises:
            ConfigError: the directory cannot be written, or another process holds it.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = Rdict(str(path), _options())
        except Exception as exc:
            message = str(exc)
            if "Corruption" in message:
                shutil.rmtree(path)
                self._db = Rdict(str(path), _options())
            else:
                raise ConfigError(
                    f"the state directory {path} cannot be opened: {message}; give the worker a writable "
                    "HUB_DATA_DIR of its own"
                ) from exc
        self._load()

    def _load(self) -> None:
        meta = orjson.loads(self._db.get(_META) or b"{}")
        self.applied: dict[str, int] = meta.get("applied", {})
        """Last applied offset by source topic."""
        self.input_ms: dict[str, int] = meta.get("input_ms", {})
        """When the last applied record was written to its topic, by source topic, epoch milliseconds."""
        self.checkpoints: dict[str, int] = meta.get("checkpoints", {})
        """Next offset to read when recovering, by topic."""
        self.labels: Counter[str] = Counter(meta.get("labels", {}))
        """How many states carry each label."""
        self.written_ms: int = meta.get("written_ms", 0)
        """When the store was last level with the changelog, epoch milliseconds; 0 for never."""
        self.marked = Marked()
        """The states that bear marks."""
        for key, marks in self._scan(b"k"):
            self.marked.put(key, unpack(marks))
        self._next_due = 0
        self._next_due = self._seek_due()

    # --- reading ---------------------------------------------------------------------------------

    def get(self, key: bytes) -> Entry | None:
        """The stored state of `key`."""
        value = self._db.get(b"s" + key)
        return None if value is None else _unpack(value, self.marked[key])

    @property
    def next_due_ms(self) -> int | None:
        """The earliest due time, or None."""
        return self._next_due or None

    def due(self, now_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """At most `limit` timers due at `now_ms`, earliest first, as (due time, key)."""
        if not self._next_due or self._next_due > now_ms:
            return []
        found: list[tuple[int, bytes]] = []
        iterator = self._db.iter()
        iterator.seek(b"t" + self._next_due.to_bytes(8, "big"))
        while iterator.valid() and len(found) < limit:
            timer = iterator.key()
            if timer[:1] != b"t":
                break
            due = int.from_bytes(timer[1:9], "big")
            if due > now_ms:
                break
            found.append((due, timer[9:]))
            iterator.next()
        return found

    def __iter__(self) -> Iterator[tuple[bytes, Entry]]:
        """All states; for tests and audits, not for the hot path."""
        for key, value in self._scan(b"s"):
            yield key, _unpack(value, self.marked[key])

    def _scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        iterator = self._db.iter()
        iterator.seek(prefix)
        while iterator.valid() and iterator.key()[:1] == prefix:
            yield iterator.key()[1:], iterator.value()
            iterator.next()

    # --- writing ---------------------------------------------------------------------------------

    def write(
        self,
        changes: Mapping[bytes, Entry | None],
        *,
        applied: Mapping[str, int],
        checkpoints: Mapping[str, int],
        known: Mapping[bytes, tuple[int, str] | None] = _NOTHING,
        input_ms: Mapping[str, int] = _NO_TIMES,
        at_ms: int = 0,
    ) -> None:
        """Write states (None deletes), applied offsets and checkpoints at once.

        `known` saves look-ups: due time and label of the entries being replaced, as far as the caller has them.
        `input_ms`: when the records at the applied offsets were written. `at_ms`: when everything up to the
        checkpoints was known, 0 for no later than before.
        """
        batch = WriteBatch(raw_mode=True)
        disarmed = False
        earliest = self._next_due
        for key, new in changes.items():
            old = known[key] if key in known else self._replaced(key)
            old_due, old_label = old or _NO_ENTRY
            new_due, new_label = (new.due_ms, new.label) if new is not None else _NO_ENTRY
            if (new is not None and new.marks) or key in self.marked:
                self._mark(batch, key, new.marks if new is not None else ())
            if new is None:
                batch.delete(b"s" + key)
            else:
                batch.put(b"s" + key, _pack(new))
            if old_label != new_label:
                self._count(old_label, new_label)
            if old_due != new_due:
                if old_due:
                    batch.delete(b"t" + old_due.to_bytes(8, "big") + key)
                    disarmed = disarmed or old_due == self._next_due
                if new_due:
                    batch.put(b"t" + new_due.to_bytes(8, "big") + key, b"")
                    if not earliest or new_due < earliest:
                        earliest = new_due
        self.applied.update(applied)
        self.input_ms.update(input_ms)
        self.checkpoints.update(checkpoints)
        self.written_ms = max(self.written_ms, at_ms)
        labels = {label: count for label, count in self.labels.items() if count}
        meta = {
            "applied": self.applied,
            "input_ms": self.input_ms,
            "checkpoints": self.checkpoints,
            "labels": labels,
            "written_ms": self.written_ms,
        }
        batch.put(_META, orjson.dumps(meta))
        self._db.write(batch)
        self._next_due = self._seek_due(earliest) if disarmed else earliest

    def _replaced(self, key: bytes) -> tuple[int, str] | None:
        entry = self.get(key)
        return None if entry is None else (entry.due_ms, entry.label)

    def _mark(self, batch: WriteBatch, key: bytes, marks: Marks) -> None:
        if marks:
            batch.put(b"k" + key, pack(marks))
        else:
            batch.delete(b"k" + key)
        self.marked.put(key, marks)

    def _count(self, old: str | None, new: str | None) -> None:
        """A state has another label, or is gone, or new (None)."""
        if old is not None:
            self.labels[old] -= 1
        if new is not None:
            self.labels[new] += 1

    def _seek_due(self, floor: int = 0) -> int:
        """The earliest due time at or after `floor`, 0 for none.

        Starting at the floor steps over the tombstones of timers that have fired.
        """
        iterator = self._db.iter()
        iterator.seek(b"t" + floor.to_bytes(8, "big"))
        if iterator.valid() and iterator.key()[:1] == b"t":
            return int.from_bytes(iterator.key()[1:9], "big")
        return 0

    @property
    def attempt(self) -> bytes | None:
        """What `mark_attempt` last wrote; survives the death of the process."""
        value: bytes | None = self._db.get(_ATTEMPT)
        return value

    def mark_attempt(self, attempt: bytes) -> None:
        """Remember what is about to be processed."""
        self._db.put(_ATTEMPT, attempt)

    def clear_attempt(self) -> None:
        """What was being processed did not end the process."""
        self._db.delete(_ATTEMPT)

    def wipe(self) -> None:
        """Forget everything: the changelog is to be read from its beginning."""
        self._db.close()
        shutil.rmtree(self.path)
        self._db = Rdict(str(self.path), _options())
        self._load()

    def close(self) -> None:
        """Close the database; the directory may then be opened by another."""
        self._db.close()


@contextmanager
def sole_use(directory: Path) -> Iterator[None]:
    """Keep a worker's directory to this process while the block runs; when the process dies, the kernel frees it.

    Raises:
        ConfigError: the directory cannot be written, or another worker uses it.
    """
    with ExitStack() as stack:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((directory / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            why = "another worker uses it" if isinstance(exc, BlockingIOError) else exc.strerror or str(exc)
            raise ConfigError(
                f"the state directory {directory} cannot be used: {why}; give the worker a writable HUB_DATA_DIR of "
                "its own"
            ) from exc
        yield


def _pack(entry: Entry) -> bytes:
    label = entry.label.encode()
    due = entry.due_ms.to_bytes(8, "big") if entry.due_ms else _NO_DUE
    return due + bytes((len(label),)) + label + entry.raw


def _unpack(value: bytes, marks: Marks) -> Entry:
    end = 9 + value[8]
    return Entry(value[end:], int.from_bytes(value[:8], "big"), value[9:end].decode(), marks)


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(8 << 20)
    options.set_max_write_buffer_number(2)
    options.set_max_open_files(64)
    options.set_keep_log_file_num(2)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(Cache(8 << 20))
    blocks.set_bloom_filter(10, block_based=False)
    options.set_block_based_table_factory(blocks)
    return options
