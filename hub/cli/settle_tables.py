"""`hub settle export --csv --parquet`: settlements and their journal as tables for finance."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.reading import Reader
from connectors.settlement_tables import TABLES, Row, journal_rows, settlement_rows
from connectors.settlements import Settlements, Wanted
from connectors.tables import CsvWriter, to_parquet
from hub.codec import Codec
from hub.config import load


async def write_tables(wanted: Wanted, csv: Path | None, parquet: Path | None) -> str:
    """Write every table to the directories given; what was written, in words.

    Raises BrokerError, TopicError, ConfigError.
    """
    settings = load()
    reader = Reader(settings.kafka_client(), settings.partitions)
    settlements = Settlements(reader, Codec.load(), settings.partitions)
    with TemporaryDirectory(prefix="hub-export-") as scratch:
        with ExitStack() as stack:
            writers = []
            if csv is not None:
                writers.append(stack.enter_context(CsvWriter(csv, TABLES)))
            if parquet is not None:
                writers.append(stack.enter_context(CsvWriter(Path(scratch), TABLES, for_program=True)))
            counts = await _write(_rows(settlements, wanted), writers)
        if parquet is not None:
            for table in TABLES:
                to_parquet(Path(scratch) / f"{table.name}.csv", table, parquet / f"{table.name}.parquet")
    return ", ".join(f"{table.name}: {counts[table.name]} rows" for table in TABLES)


async def _write(rows: AsyncIterator[Row], writers: Sequence[CsvWriter]) -> Counter[str]:
    counts: Counter[str] = Counter()
    async for table, cells in rows:
        counts[table.name] += 1
        for writer in writers:
            writer.row(table.name, cells)
    return counts


async def _rows(settlements: Settlements, wanted: Wanted) -> AsyncIterator[Row]:
    async for settled in settlements.records(wanted):
        for row in settlement_rows(settled):
            yield row
    async for posted in settlements.postings(wanted):
        for row in journal_rows(posted):
            yield row
