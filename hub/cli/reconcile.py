"""`hub reconcile`: what was ordered, delivered, settled, paid and stated by others, and why it is not the same."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import orjson
import typer
from msgspec.structs import replace as with_fields

from connectors import reconciling
from connectors.files import write_whole
from connectors.reading import Reader
from connectors.reconciling import TOPICS, Job
from connectors.statements import Lists
from hub.cli import reconcile_report
from hub.cli.as_json import Json
from hub.codec import Codec
from hub.config import Settings, load
from hub.domain.ids import effect_id
from hub.domain.reconciliation.discrepancy import Discrepancy
from hub.domain.reconciliation.dossier import Period
from hub.domain.reconciliation.findings import Findings
from hub.domain.reconciliation.order import Grounds
from hub.domain.reconciliation.payments import Claim
from hub.domain.reconciliation.remittances import Payment, match_remittances
from hub.domain.reconciliation.summary import Summary
from hub.domain.statements import ItemStated
from hub.policy import load_policy
from hub.tolerances import load_tolerances
from hub.topics import ORDERS_JOURNAL, STATEMENTS

_DAYS = ["%Y-%m-%d"]
_SOURCE = "/orderhub/reconcile"


def reconcile(
    statements: Annotated[
        list[Path] | None,
        typer.Argument(dir_okay=False, help="Lists of others as CSV or JSON Lines: deliveries, remittances."),
    ] = None,
    *,
    since: Annotated[datetime | None, typer.Option("--from", formats=_DAYS, help="First day, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_DAYS, help="Last day, UTC.")] = None,
    shown: Annotated[int, typer.Option("--show", min=0, help="Differences shown in the table.")] = 40,
    payments: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write what remittances pay and is not booked, for `hub send`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain every difference between what was ordered, delivered, settled, paid, and stated by others.

    Exit status 1 if a difference asks for somebody to look at it, or an item of a list was refused.
    """
    now = datetime.now(UTC).date()
    period = Period(today=now, since=since.date() if since else None, until=until.date() if until else None)
    with TemporaryDirectory(prefix="hub-reconcile-") as directory:
        run = _Run(load(), Path(directory), period)
        summary = run.reconcile(statements or [])
        if payments is not None:
            write_whole(payments, b"".join(map(_order_paid, run.payments)))
        report = reconcile_report.program if as_json else reconcile_report.person
        report(summary, run.discrepancies(), run.refused, period, shown)
    raise typer.Exit(int(bool(summary.open or run.refused)))


class _Run:
    """One reconciliation, its partitions in as many processes as there are processors."""

    def __init__(self, settings: Settings, directory: Path, period: Period) -> None:
        policy = load_policy(settings.rules_dir)
        self._settings = settings
        self._grounds = Grounds(
            period=period,
            tolerances=load_tolerances(settings.rules_dir),
            accounts=policy.accounts,
            over_delivery_percent=policy.over_delivery_percent,
        )
        self._jobs = [Job(partition, directory, self._grounds) for partition in range(settings.partitions)]
        self._remitted: list[Discrepancy] = []
        self.payments: list[Payment] = []
        self.refused: list[str] = []

    def reconcile(self, files: list[Path]) -> Summary:
        """Everything; what was found is then in `discrepancies`. Raises BrokerError, TopicError, ConfigError."""
        lists = Lists(self._jobs, self._grounds.period)
        for file in files:
            lists.read(file)
        asyncio.run(self._read_topic(lists))
        lists.close()
        self.refused = [f"{refusal.where}: {refusal.reason}" for refusal in lists.refused]
        remitters = frozenset(customer for customer, _ in lists.payments)
        grounds = with_fields(self._grounds, lists=lists.goods)
        self._jobs = [replace(job, grounds=grounds, remitters=remitters) for job in self._jobs]
        summary = Summary()
        workers = min(len(self._jobs), os.cpu_count() or 1)
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
            for part in processes.map(reconciling.run, self._jobs):
                summary.merge(part)
        if lists.payments:
            self._match_payments(lists.payments, summary)
        return summary

    def discrepancies(self) -> Iterator[Discrepancy]:
        """Everything that was found, order by order."""
        for job in self._jobs:
            yield from reconciling.read(job.found, Discrepancy)
        yield from self._remitted

    async def _read_topic(self, lists: Lists) -> None:
        reader = Reader(self._settings.kafka_client(), self._settings.partitions)
        await reader.check([*TOPICS, ORDERS_JOURNAL, STATEMENTS])
        codec = Codec.load()
        async for record in reader.held([STATEMENTS]):
            lists.take(codec.decode_as(ItemStated, record.value))

    def _match_payments(self, stated: dict[tuple[str, str], list[ItemStated]], summary: Summary) -> None:
        claims: defaultdict[tuple[str, str], list[Claim]] = defaultdict(list)
        for job in self._jobs:
            for claim in reconciling.read(job.claims, Claim):
                claims[claim.settlement.customer_id, claim.settlement.currency].append(claim)
        for (customer, currency), items in sorted(stated.items()):
            findings = Findings(currency, customer_id=customer)
            remitted = match_remittances(findings, currency, items, claims[customer, currency], self._grounds.period)
            found = list(findings.discrepancies(self._grounds.tolerances))
            summary.add_discrepancies(found)
            summary.add_shapes(remitted.shapes)
            self._remitted += found
            self.payments += remitted.payments


def _order_paid(payment: Payment) -> bytes:
    """The event that books a payment; its id follows from the items, so that it counts once."""
    document = {
        "type": "OrderPaid",
        "event_id": effect_id(payment.order_id, _SOURCE, " ".join(payment.items), 0),
        "source": _SOURCE,
        "occurred_at": f"{payment.paid_on.isoformat()}T00:00:00Z",
        "order_id": payment.order_id,
        "amount": f"{payment.amount:f}",
        "currency": payment.currency,
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
