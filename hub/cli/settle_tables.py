"""`hub settle export --csv --jsonl --parquet`: settlements and their journal as tables for finance."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from connectors.reading import Reader
from connectors.settlement_tables import TABLES, Row, journal_rows, settlement_rows
from connectors.settlements import Settlements, Wanted
from connectors.tables import TableFiles
from hub.codec import Codec
from hub.config import load


async def write_tables(wanted: Wanted, csv: Path | None, jsonl: Path | None, parquet: Path | None) -> str:
    """Write every table to the directories given; what was written, in words.

    Raises BrokerError, TopicError, ConfigError.
    """
    settings = load()
    reader = Reader(settings.kafka_client(), settings.partitions)
    settlements = Settlements(reader, Codec.load(), settings.partitions)
    with TableFiles(TABLES, csv_=csv, jsonl=jsonl, parquet=parquet) as files:
        async for table, cells in _rows(settlements, wanted):
            files.row(table, cells)
    return files.told()


async def _rows(settlements: Settlements, wanted: Wanted) -> AsyncIterator[Row]:
    async for settled in settlements.records(wanted):
        for row in settlement_rows(settled):
            yield row
    async for posted in settlements.postings(wanted):
        for row in journal_rows(posted):
            yield row
