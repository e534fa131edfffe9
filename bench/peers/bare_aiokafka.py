"""A plain aiokafka loop: consume, add, produce, commit. Totals live in memory only and are lost with the process."""

import asyncio
import contextlib
import os
import signal

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


async def main() -> None:
    """Run until told to end."""
    bootstrap, output = os.environ["BENCH_BOOTSTRAP"], os.environ["BENCH_OUTPUT"]
    consumer = AIOKafkaConsumer(
        os.environ["BENCH_SOURCE"],
        bootstrap_servers=bootstrap,
        group_id=output,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5, max_batch_size=256 * 1024)
    await consumer.start()
    await producer.start()
    adding = asyncio.create_task(add_all(consumer, producer, output))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, adding.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await adding
    finally:
        await producer.stop()
        await consumer.stop()


async def add_all(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, output: str) -> None:
    """Add each event to its key's total and send the new total; commit what was read once it is acknowledged."""
    totals: dict[str, tuple[int, int]] = {}
    while True:
        sent = []
        for records in (await consumer.getmany(timeout_ms=200, max_records=5000)).values():
            for record in records:
                event = orjson.loads(record.value)
                key = event["key"]
                count, total = totals.get(key, (0, 0))
                totals[key] = count, total = count + 1, total + event["amount"]
                value = orjson.dumps({"key": key, "count": count, "sum": total})
                sent.append(await producer.send(output, value, key=record.key))
        if sent:
            await asyncio.gather(*sent)
            await consumer.commit()


if __name__ == "__main__":
    uvloop.run(main())
