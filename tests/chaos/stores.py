"""What workers keep on local disk, held against the changelog it must be equal to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.runtime.marks import unpack
from hub.runtime.spec import AgentSpec, Record
from hub.runtime.store import Entry, Store
from tests.chaos.scenario import Records
from tests.chaos.verdict import Verdict


def examine_stores(
    verdict: Verdict, agents: Sequence[AgentSpec[Any]], records: Records, partitions: int, directories: Sequence[Path]
) -> None:
    """Every partition's state lies in one of the directories, and is what its changelog says.

    The directory of a partition's last owner is the one that has read or written its changelog furthest.
    """
    for agent in agents:
        for partition in range(partitions):
            changelog = [record for record in records[agent.changelog] if record.partition == partition]
            where = f"{agent.name}/{partition}"
            stores = [path for directory in directories if (path := directory / agent.name / str(partition)).exists()]
            if not stores:
                verdict.mismatch(f"nobody holds {where}")
                continue
            held = max((_read(path, agent.changelog) for path in stores), key=lambda store: store[0])
            verdict.expect_equal(f"stored state of {where}", _fold(changelog), held[1])
            labels = Counter(entry.label for entry in held[1].values())
            verdict.expect_equal(f"labels of {where}", dict(labels), {k: v for k, v in held[2].items() if v})


def _read(path: Path, changelog: str) -> tuple[int, dict[bytes, Entry], Counter[str]]:
    store = Store(path)
    try:
        return store.checkpoints.get(changelog, 0), dict(store), store.labels
    finally:
        store.close()


def _fold(changelog: Sequence[Record]) -> dict[bytes, Entry]:
    state: dict[bytes, Entry] = {}
    for record in changelog:
        assert record.key is not None
        if record.value is None:
            state.pop(record.key, None)
        else:
            headers = dict(record.headers)
            due_ms, label = int(headers.get("hub-due-ms", b"0")), headers.get("hub-label", b"").decode()
            marks = unpack(headers["hub-marks"]) if "hub-marks" in headers else ()
            state[record.key] = Entry(record.value, due_ms, label, marks)
    return state
