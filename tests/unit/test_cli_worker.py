"""`hub worker` is gone soon after it begins to end, whatever hangs."""

from __future__ import annotations

import asyncio

import pytest

from hub.cli import worker as under_test


class Hanging:
    """A worker that fails and then hangs in its client library."""

    def __init__(self) -> None:
        self.failed = asyncio.Event()

    async def ending(self) -> None:
        await self.failed.wait()


async def test_a_worker_that_fails_and_then_hangs_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off = asyncio.Event()
    monkeypatch.setattr(under_test, "_LAST_SECONDS", 0.01)
    monkeypatch.setattr(under_test, "_give_up", cut_off.set)
    worker = Hanging()
    limiting = asyncio.create_task(under_test._limit_end(worker))
    await asyncio.sleep(0.05)
    assert not cut_off.is_set(), "it works"
    worker.failed.set()
    await asyncio.wait_for(cut_off.wait(), 5)
    await limiting
