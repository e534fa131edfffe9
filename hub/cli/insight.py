"""`hub insight`: where orders lose time and why, and what could be done about it."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Annotated

import typer

from connectors.insight import TOPICS, Job, run
from connectors.reading import Reader
from hub.cli import insight_json, insight_report
from hub.cli.as_json import Json
from hub.config import load
from hub.domain.insight.figures import Figures
from hub.domain.insight.suggestions import suggestions
from hub.domain.reconciliation.dossier import Period
from hub.rules.quotes import Quotes
from hub.ruleset import load_ruleset

_DAYS = ["%Y-%m-%d"]


def insight(
    *,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=_DAYS, help="Placed that day or later, UTC.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_DAYS, help="Placed that day or before.")] = None,
    as_json: Json = False,
) -> None:
    """Show where orders lose time and why, how departments and owners of exceptions do, and what to look into first.

    Every figure is of the orders that were placed in the period, up to now; docs/insight.md defines each.
    """
    now = datetime.now(UTC)
    period = Period(today=now.date(), since=since.date() if since else None, until=until.date() if until else None)
    settings = load()
    rules = load_ruleset(settings.rules_dir)
    quotes = Quotes(rules.router, rules.reviewer)
    reader = Reader(settings.kafka_client(), settings.partitions)
    asyncio.run(reader.check(TOPICS))
    end_of = rules.policy.schedule.end_of
    jobs = [Job(partition, period, now, quotes, end_of) for partition in range(settings.partitions)]
    figures = Figures()
    workers = min(len(jobs), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        for part in processes.map(run, jobs):
            figures.merge(part)
    never_matched = sorted(quotes.rules - set(figures.matched))
    found = suggestions(figures, never_matched)
    report = insight_json if as_json else insight_report
    report.show(figures, found, never_matched, period)
