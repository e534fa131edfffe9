"""Faust as its documentation writes it: models, an agent, a table, a topic to send to. At least once.

With `BENCH_TUNED` its producer waits for larger requests; else it has Faust's own settings. `BENCH_STORE`: where the
table is, in memory if not given.
"""

import os
from typing import Any

import faust

_tuned: dict[str, Any] = {"producer_linger_ms": 100, "producer_max_batch_size": 256 * 1024}

app = faust.App(
    os.environ["BENCH_OUTPUT"],
    broker="kafka://" + os.environ["BENCH_BOOTSTRAP"],
    store=os.environ.get("BENCH_STORE", "memory://"),
    datadir=os.environ["BENCH_DIR"],
    topic_partitions=int(os.environ["BENCH_PARTITIONS"]),
    web_enabled=False,
    **(_tuned if "BENCH_TUNED" in os.environ else {}),
)


class Event(faust.Record, serializer="json"):
    """One addition."""

    key: str
    amount: int


class Total(faust.Record, serializer="json"):
    """What a key adds up to."""

    key: str
    count: int
    sum: int


source = app.topic(os.environ["BENCH_SOURCE"], value_type=Event)
output = app.topic(os.environ["BENCH_OUTPUT"], value_type=Total)
totals = app.Table("totals", value_type=Total)


@app.agent(source)
async def add(events: faust.StreamT[Event]) -> None:
    """Add each event to its key's total and send the new total."""
    async for event in events:
        old = totals.get(event.key)
        if old is None:
            old = Total(key=event.key, count=0, sum=0)
        total = Total(key=event.key, count=old.count + 1, sum=old.sum + event.amount)
        totals[event.key] = total
        await output.send(key=event.key, value=total)


if __name__ == "__main__":
    app.main()
