"""A partition reconciled: from records on topics to what is found, in however little memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from connectors.reading import Reader
from connectors.reconciling import Job, _Partition, read, write
from connectors.shelf import Share, Shelf
from hub.codec import Codec
from hub.domain.effects import SettlementPosted, SettlementRecorded
from hub.domain.order import OrderState
from hub.domain.policy import Policy
from hub.domain.reconciliation.discrepancy import Discrepancy, Tolerances
from hub.domain.reconciliation.dossier import Period
from hub.domain.reconciliation.order import Grounds
from hub.domain.reconciliation.payments import Claim
from hub.domain.reconciliation.summary import CurrencyTotal, Summary
from hub.runtime.spec import Record
from hub.topics import ORDERS_JOURNAL, ORDERS_STATE, SETTLEMENTS, SETTLEMENTS_JOURNAL
from tests.support.fetched import record
from tests.support.histories import journal
from tests.support.orders import CUSTOMER, ORDER, START, Story
from tests.unit.test_reconciliation_lists import stated

CODEC = Codec.load()
GROUNDS = Grounds(
    period=Period(today=START.date()),
    tolerances=Tolerances(),
    accounts=Policy().accounts,
    over_delivery_percent=Decimal(0),
)


class Held:
    """A reader of records that lie here."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self.readings = 0

    async def after(
        self, topics: Sequence[str], _: object, *, follow: bool, partition: int | None
    ) -> AsyncIterator[list[Record]]:
        assert (partition, follow) == (0, False)
        self.readings += 1
        yield [each for each in self._records if each.topic in topics]


def story() -> Story:
    """Half of an order came back after all of it was delivered and settled."""
    told = Story()
    told.place()
    told.report("logistics", "accepted")
    told.report("logistics", "shipped")
    told.report("logistics", "delivered", {"1": 10})
    told.report("logistics", "returned", {"1": 5})
    return told


def records(told: Story, order_id: str) -> list[Record]:
    """What the topics hold of a story, under an id of its own; a state of before comes first."""
    key = order_id.encode()

    def put(topic: str, value: Any) -> Record:
        return record(0, key, CODEC.encode(replace(value, order_id=order_id)), topic=topic)

    return [
        put(ORDERS_STATE, OrderState(order_id=ORDER)),
        put(ORDERS_STATE, told.order),
        *(put(SETTLEMENTS, each) for each in told.sent(SettlementRecorded)),
        *(put(SETTLEMENTS_JOURNAL, each) for each in told.sent(SettlementPosted)),
        *(put(ORDERS_JOURNAL, entry) for entry, _ in journal(told)),
    ]


async def reconcile(reader: Held, job: Job) -> tuple[Summary, list[Discrepancy]]:
    summary = await _Partition(job, cast("Reader", reader), CODEC).reconcile()
    return summary, list(read(job.found, Discrepancy))


async def test_what_is_found_does_not_depend_on_how_much_is_held_at_a_time(tmp_path: Path) -> None:
    told = story()
    everything = [each for number in range(40) for each in records(told, f"R-{number}")]
    readings, outcomes = [], []
    for bound in (2**30, 40_000, 10_000):
        reader = Held(everything)
        summary, found = await reconcile(reader, Job(0, tmp_path, GROUNDS, max_bytes=bound))
        readings.append(reader.readings)
        outcomes.append((summary, sorted((each.order_id, each.cause, each.amount) for each in found)))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert readings[0] == 2 < readings[1] < readings[2]
    summary, rows = outcomes[0]
    assert summary.currencies == {
        "EUR": CurrencyTotal(40, 40, Decimal("4760.00"), Decimal("2380.00"), Decimal(0)),
    }
    assert rows.count(("R-7", "returned", Decimal("-59.50"))) == 1
    assert len(rows) == 80
    assert (summary.unexplained("EUR"), summary.open) == (0, 0)


async def test_the_events_behind_a_difference_come_from_the_journal(tmp_path: Path) -> None:
    told = story()
    _, found = await reconcile(Held(records(told, ORDER)), Job(0, tmp_path, GROUNDS))
    (returned,) = [each for each in found if each.cause == "returned"]
    assert returned.event_ids == (told.journal[-1][0].event.event_id,)


async def test_lists_of_goods_reach_the_orders_they_name(tmp_path: Path) -> None:
    job = Job(0, tmp_path, GROUNDS)
    with job.goods.open("wb") as file:
        write(file, stated(1, 9))
    day = START.date()
    grounds = replace(GROUNDS, lists={("deliveries", "logistics"): (day, day)})
    summary, found = await reconcile(Held(records(story(), ORDER)), replace_job(job, grounds))
    assert [(each.cause, each.quantity) for each in found if each.side == "statement"] == [("stated-less", -1)]
    assert dict(summary.shapes) == {"one-to-one": 1}
    assert summary.open == 1


async def test_claims_of_those_who_remit_are_kept_whatever_the_period(tmp_path: Path) -> None:
    never = Period(today=date(2030, 1, 1), until=date(2020, 1, 1))
    job = Job(0, tmp_path, replace(GROUNDS, period=never), frozenset((CUSTOMER,)))
    summary, found = await reconcile(Held(records(story(), ORDER)), job)
    assert (summary, found) == (Summary(), [])
    assert [claim.claimed for claim in read(job.claims, Claim)] == []
    job = Job(0, tmp_path, GROUNDS, frozenset((CUSTOMER,)))
    await reconcile(Held(records(story(), ORDER)), job)
    assert [claim.claimed for claim in read(job.claims, Claim)] == [Decimal("59.50")]


def replace_job(job: Job, grounds: Grounds) -> Job:
    return Job(job.partition, job.directory, grounds)


@pytest.mark.parametrize("bound", [1, 100, 10_000])
def test_a_shelf_never_holds_more_than_its_bound_but_for_a_single_record_and_owes_the_rest(bound: int) -> None:
    everything = [record(number, b"k%d" % number, b"x" * 50, topic=SETTLEMENTS) for number in range(300)]
    shares, seen = [Share()], []
    while shares:
        shelf = Shelf(shares.pop(), bound)
        for each in everything:
            shelf.put(each)
        shares += shelf.owed
        seen += [key for key, _ in shelf]
        assert sum(held.size() for _, held in shelf) <= max(bound, 50)
    assert sorted(seen) == sorted(each.key for each in everything if each.key)
