"""`hub exceptions` shows what is open by root cause, and sends what people decide about it to the orders."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from connectors.reading import Reader
from hub import kafka_admin
from hub.agents.watching import marks
from hub.broker import EmbeddedBroker
from hub.codec import Codec
from hub.domain.events import OperatorCommanded
from hub.domain.ids import case_id
from hub.policy import load_policy
from hub.runtime.partitioner import partition_of
from hub.runtime.work import state_headers
from hub.topics import ORDERS_COMMANDS, ORDERS_EXCEPTIONS, ORDERS_STATE, TOPICS
from tests.support.orders import ORDER, START, Story, line
from tests.support.running_hub import objects
from tests.unit.test_exception_queue import raised

CODEC = Codec.load()
FORTY = [raised(number) for number in range(40)]
TAKEN = replace(FORTY[7], event_id="assigned", action="assigned", owner="bo")
OVER = raised(50)
CREDIT = raised(
    60, kind="credit-refused", root="customer C-1", case_id=case_id("credit-refused", "customer C-1"), priority=2
)
STORY = Story(replace(load_policy(), confirmation="automatic"))
STORY.place(line(item_id="MK-1"), requested_delivery=(START + timedelta(days=2)).date())
STORY.wait(timedelta(days=2))
STALLED = STORY.order
"""An order that production has not answered, and that cannot be delivered in time any more."""
SAID = [*FORTY, TAKEN, OVER, replace(OVER, event_id="closed", action="closed"), CREDIT]

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A Kafka whose exceptions are forty orders late for one reason, one that is over and one of another kind."""
    async with EmbeddedBroker(tmp_path_factory.mktemp("exceptions")) as broker:
        client = {"bootstrap_servers": broker.bootstrap}
        async with kafka_admin.connect(client) as admin:
            await kafka_admin.create(admin, TOPICS.values(), partitions=8, replication_factor=1)
        producer = AIOKafkaProducer(**client)
        await producer.start()
        try:
            for each in SAID:
                await producer.send(ORDERS_EXCEPTIONS, CODEC.encode(each), each.order_id.encode())
            for state in (STALLED, replace(STALLED, order_id="ORD-2", exceptions=())):
                key, headers = state.order_id.encode(), state_headers(0, "", marks(state))
                home = partition_of(key, 8)
                await producer.send(ORDERS_STATE, CODEC.encode(state), key, partition=home, headers=headers)
        finally:
            await producer.stop()
        yield broker.bootstrap


def exceptions(kafka: str, *arguments: str, command: str = "exceptions") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", command, *arguments],
        env={**os.environ, "HUB_KAFKA_BOOTSTRAP": kafka},
        capture_output=True,
        check=False,
        timeout=120,
        text=True,
    )


def parsed(kafka: str, *arguments: str) -> list[dict[str, Any]]:
    done = exceptions(kafka, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)


async def commands(kafka: str) -> list[OperatorCommanded]:
    reader = Reader({"bootstrap_servers": kafka}, 8)
    return [CODEC.decode_as(OperatorCommanded, each.value) async for each in reader.held([ORDERS_COMMANDS])]


async def test_forty_late_orders_are_listed_as_one_case_and_given_to_one_person_once(kafka: str) -> None:
    listed = exceptions(kafka, "list").stdout
    assert listed.count("\n") == 6, "three lines for each of two cases"
    assert "procurement: ACME" in listed
    assert "ORD-0, ORD-1, ORD-2 and 37 more" in listed
    (case,) = parsed(kafka, "list", "--kind", "late")
    assert (len(case["orders"]), case["owners"]) == (40, ["", "bo"])
    give = ("assign", case["case_id"][:8], "--to", "mei", "--by", "ines", "--role", "order-desk")
    sent = parsed(kafka, *give)
    assert len(sent) == 40
    again = parsed(kafka, *give)
    assert [each["event_id"] for each in again] == [each["event_id"] for each in sent]
    told = await commands(kafka)
    assert {(each.command, each.owner, each.role, each.assignee) for each in told} == {
        ("assign", "ines", "order-desk", "mei")
    }
    assert {each.target for each in told} == {each.exception_id for each in FORTY}
    assert len({each.event_id for each in told}) == 40, "said again, it is the same event"


async def test_what_the_hub_would_refuse_is_not_sent(kafka: str) -> None:
    before = len(await commands(kafka))
    done = exceptions(kafka, "resolve", TAKEN.exception_id, "--reason", "fine", "--role", "guest")
    assert (done.returncode, done.stdout) == (1, "")
    assert "guest may not resolve" in done.stderr
    assert len(await commands(kafka)) == before


def monitor(kafka: str, *arguments: str) -> Any:
    done = exceptions(kafka, *arguments, command="monitor")
    assert done.returncode == 0, done.stderr
    return objects(done.stdout) if "--json" in arguments else done.stdout


def test_what_the_monitor_found_is_listed_by_rule_and_department(kafka: str) -> None:
    late, unanswered = monitor(kafka, "list", "--json")
    assert (late["rule"], late["department"], late["slack_hours"]) == ("will-be-late", "production", -205)
    assert (unanswered["rule"], unanswered["order_id"], unanswered["owner"]) == ("unanswered", ORDER, "team-lead"), (
        "it was taken further"
    )
    shown = monitor(kafka, "list", "--rule", "unanswered")
    assert ORDER in shown
    assert "team-lead" in shown
    assert "will-be-late" not in shown
    assert monitor(kafka, "list", "--department", "logistics") == "Nothing is open.\n"


def test_an_order_is_explained_by_its_plan_and_every_rule(kafka: str) -> None:
    (told,) = monitor(kafka, "explain", ORDER, "--json")
    assert [each["name"] for each in told["schedule"]["milestones"]][-1] == "paid"
    standing = {each["rule"]: each["standing"] for each in told["rules"]}
    assert standing == {
        "late": "never",
        "overdue": "quiet",
        "will-be-late": "open",
        "unanswered": "open",
        "not-shipped": "silent",
        "not-settled": "never",
        "unpaid": "never",
        "refused-repeatedly": "never",
        "stalled": "silent",
    }
    shown = monitor(kafka, "explain", ORDER)
    assert "production-accepted" in shown
    assert "hours late" in shown


def test_an_empty_queue_says_so(kafka: str) -> None:
    assert exceptions(kafka, "list", "--order", OVER.order_id).stdout == "Nothing is open.\n"
