"""Quix Streams, exactly-once, RocksDB: a stateful apply from topic to topic."""

import os
from typing import Any

from quixstreams import Application, State


def add(event: dict[str, Any], state: State) -> dict[str, Any]:
    """Add the event to its key's total; return the new total."""
    count, total = state.get("total", (0, 0))
    count, total = count + 1, total + event["amount"]
    state.set("total", (count, total))
    return {"key": event["key"], "count": count, "sum": total}


def main() -> None:
    """Run until told to end."""
    app = Application(
        broker_address=os.environ["BENCH_BOOTSTRAP"],
        consumer_group=os.environ["BENCH_OUTPUT"],
        state_dir=os.environ["BENCH_DIR"],
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        loglevel="WARNING",
    )
    source = app.topic(os.environ["BENCH_SOURCE"], key_deserializer="bytes", value_deserializer="json")
    output = app.topic(os.environ["BENCH_OUTPUT"], key_serializer="bytes", value_serializer="json")
    app.dataframe(source).apply(add, stateful=True).to_topic(output)
    app.run()


if __name__ == "__main__":
    main()
