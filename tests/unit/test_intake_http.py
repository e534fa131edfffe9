"""`POST /events` answers when Kafka has the event, says all that is wrong with others, and bounds what it takes."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import aiohttp
import jsonschema_rs
import pytest

from connectors.base import Event
from connectors.publishing import Placed, topic_of
from hub.domain.events import OrderPaid
from hub.errors import BrokerError, CodecError
from hub.intake.json_events import MAX_DOCUMENT_BYTES
from hub.metrics import IntakeMetrics
from hub.web.intake import Intake
from hub.web.limits import Bucket, Callers
from hub.web.listening import listening
from hub.web.openapi import openapi

PAID = {
    "type": "OrderPaid", "source": "bank", "occurred_at": "2026-03-02T12:00:00Z", "order_id": "SO-1",
    "amount": "12.50", "currency": "EUR",
}  # fmt: skip
KEY = "bank-2026-0001"
EVENT = {**PAID, "event_id": KEY}


class Kafka:
    """Takes events as a publisher does, and acknowledges them when told to."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.acknowledges = asyncio.Event()
        self.acknowledges.set()
        self.refusal: Exception | None = None
        """Of everything."""
        self.unacknowledged: set[str] = set()
        """Ids of events that Kafka does not acknowledge."""

    async def submit(self, event: Event) -> Coroutine[Any, Any, Placed]:
        self.events.append(event)
        if isinstance(self.refusal, CodecError):
            raise self.refusal
        return self._acknowledged(event, len(self.events))

    async def _acknowledged(self, event: Event, offset: int) -> Placed:
        await self.acknowledges.wait()
        if self.refusal:
            raise self.refusal
        if event.event_id in self.unacknowledged:
            raise BrokerError("Kafka did not acknowledge it.")
        return Placed(topic_of(event), 3, offset)


@pytest.fixture
def kafka_like() -> Kafka:
    return Kafka()


@pytest.fixture
async def url(kafka_like: Kafka) -> AsyncIterator[str]:
    intake = Intake(kafka_like, IntakeMetrics(), Callers({"s3cret"}, 1_000_000), waiting=3)
    async with listening(intake.application(), "127.0.0.1", 0, "HUB_INTAKE") as url:
        yield url


class Answer(dict[str, Any]):
    """A response: its JSON, with status and headers."""

    def __init__(self, body: Any, response: aiohttp.ClientResponse) -> None:
        super().__init__(body)
        self.status = response.status
        self.headers = response.headers


async def ask(
    url: str, body: Any = PAID, *, headers: dict[str, str] | None = None, path: str = "/events", method: str = "POST"
) -> Answer:
    """With the right headers, but for what is named; an empty one is left out."""
    usual = {"Authorization": "Bearer s3cret", "Idempotency-Key": KEY, "Content-Type": "application/json"}
    sent = {name: value for name, value in {**usual, **(headers or {})}.items() if value}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session,
        session.request(method, url + path, data=io.BytesIO(raw), headers=sent) as response,
    ):
        answer = Answer(await response.json(content_type=None), response)
    if answer.status >= 400:
        assert response.content_type == "application/problem+json"
        assert (answer["status"], bool(answer["title"])) == (answer.status, True)
        jsonschema_rs.validate(openapi()["components"]["schemas"]["Problem"], dict(answer))
    return answer


async def test_an_event_is_answered_with_its_id_and_place_and_the_key_is_its_id(url: str, kafka_like: Kafka) -> None:
    answer = await ask(url)
    assert (answer.status, dict(answer)) == (
        202,
        {
            "event_id": KEY, "type": "OrderPaid", "key": "SO-1", "topic": "orders.events", "partition": 3, "offset": 1,
        },
    )  # fmt: skip
    (event,) = kafka_like.events
    assert isinstance(event, OrderPaid)
    assert (event.event_id, event.source, event.order_id) == (KEY, "bank", "SO-1")


async def test_the_same_key_is_the_same_event_however_often_it_is_sent(url: str, kafka_like: Kafka) -> None:
    for body in (PAID, {**PAID, "event_id": KEY}):
        assert (await ask(url, body)).status == 202
    assert kafka_like.events[0] == kafka_like.events[1]


async def test_no_answer_comes_before_kafkas(url: str, kafka_like: Kafka) -> None:
    kafka_like.acknowledges.clear()
    asking = asyncio.create_task(ask(url))
    while not kafka_like.events:
        await asyncio.sleep(0.01)
    done, _ = await asyncio.wait({asking}, timeout=0.2)
    assert not done
    kafka_like.acknowledges.set()
    assert (await asking).status == 202


async def test_what_kafka_does_not_acknowledge_is_to_be_sent_again(url: str, kafka_like: Kafka) -> None:
    kafka_like.refusal = BrokerError("Kafka did not acknowledge: send the same input again.")
    answer = await ask(url)
    assert (answer.status, answer["title"], answer.headers["Retry-After"]) == (503, str(kafka_like.refusal), "1")


async def test_who_watches_is_told_while_kafka_does_not_acknowledge(url: str, kafka_like: Kafka) -> None:
    async def health() -> int:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as response:
            return response.status

    assert await health() == 200
    kafka_like.refusal = BrokerError("Kafka did not acknowledge.")
    await ask(url)
    assert await health() == 503
    kafka_like.refusal = None
    await ask(url)
    assert await health() == 200


async def test_nobody_waits_for_ever(kafka_like: Kafka) -> None:
    kafka_like.acknowledges.clear()
    intake = Intake(kafka_like, IntakeMetrics(), Callers({"s3cret"}, 1_000_000), waiting=1, patience=0.01)
    async with listening(intake.application(), "127.0.0.1", 0, "HUB_INTAKE") as url:
        answer = await ask(url)
        assert (answer.status, answer["title"]) == (503, "Kafka has not acknowledged it yet; send the same again")
        kafka_like.acknowledges.set()
        assert (await ask(url)).status == 202


async def test_no_more_wait_for_kafka_than_there_is_room_for(url: str, kafka_like: Kafka) -> None:
    kafka_like.acknowledges.clear()
    waiting = [asyncio.create_task(ask(url)) for _ in range(3)]
    while len(kafka_like.events) < 3:
        await asyncio.sleep(0.01)
    answer = await ask(url)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    kafka_like.acknowledges.set()
    assert [each.status for each in await asyncio.gather(*waiting)] == [202] * 3
    assert (await ask(url)).status == 202


async def test_a_token_may_send_so_many_a_second_and_another_one_as_many(kafka_like: Kafka) -> None:
    now = 100.0
    callers = Callers({"s3cret", "other"}, 2, clock=lambda: now)
    intake = Intake(kafka_like, IntakeMetrics(), callers, waiting=3)
    async with listening(intake.application(), "127.0.0.1", 0, "HUB_INTAKE") as url:
        answers = [await ask(url) for _ in range(4)]
        assert [answer.status for answer in answers] == [202, 202, 429, 429]
        assert answers[-1].headers["Retry-After"] == "1"
        assert (await ask(url, headers={"Authorization": "Bearer other"})).status == 202
        now = 100.5
        assert [(await ask(url)).status for _ in range(2)] == [202, 429]
        now = 200.0
        batch = {"events": [EVENT, EVENT, EVENT]}
        assert [(await ask(url, batch, path="/batches")).status for _ in range(2)] == [200, 429]
        now = 201.0
        assert [(await ask(url)).status for _ in range(2)] == [202, 429]  # two a second, less one taken in advance


@pytest.mark.parametrize("sent", ["", "Bearer s3cre", "Bearer s3cret2", "s3cret", "Basic s3cret", "Bearer \udcff"])
async def test_without_a_token_nothing_is_taken(url: str, kafka_like: Kafka, sent: str) -> None:
    answer = await ask(url, headers={"Authorization": sent})
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert kafka_like.events == []


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Idempotency-Key": ""}, PAID, 400),
        ({"Idempotency-Key": "a b"}, PAID, 400),
        ({"Idempotency-Key": "ä"}, PAID, 400),
        ({"Idempotency-Key": "x" * 201}, PAID, 400),
        ({"Content-Type": "text/plain"}, PAID, 415),
        ({"Content-Type": ""}, PAID, 415),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"{}"), 415),
        ({"Content-Encoding": "gzip"}, b"no gzip", 415),
        ({}, b" " * (MAX_DOCUMENT_BYTES + 1), 413),
    ],
)
async def test_what_is_no_request_of_the_intakes_is_refused_unread(
    url: str, kafka_like: Kafka, headers: dict[str, str], body: Any, status: int
) -> None:
    assert (await ask(url, body, headers=headers)).status == status
    assert kafka_like.events == []


@pytest.mark.parametrize(
    ("body", "path", "says"),
    [
        (b"", "", "is not JSON"),
        (b"\xff", "", "is not UTF-8"),
        ([PAID], "", "is a list, not an object"),
        (b"[" * 500_000, "", "is nested too deep"),
        ({**PAID, "event_id": "another"}, "event_id", "is not the Idempotency-Key"),
        ({**PAID, "event_id": None}, "event_id", "is not the Idempotency-Key"),
        ({**PAID, "type": "PaymentReceived", "customer_id": "C", "amount": -1}, "amount", "must not be negative"),
        ({**PAID, "type": "OrderPait"}, "type", "did you mean OrderPaid?"),
    ],
)
async def test_what_is_wrong_with_an_event_is_said_with_its_place(
    url: str, kafka_like: Kafka, body: Any, path: str, says: str
) -> None:
    answer = await ask(url, body)
    assert answer.status == 422
    (problem,) = answer["problems"]
    assert problem["path"] == path
    assert says in problem["reason"]
    assert kafka_like.events == []


async def test_an_event_too_large_for_the_hub_is_refused(url: str, kafka_like: Kafka) -> None:
    kafka_like.refusal = CodecError("too-large", "The event has too many bytes; split the order.")
    answer = await ask(url)
    assert (answer.status, answer["title"]) == (422, str(kafka_like.refusal))


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/events", 405), ("POST", "/evnets", 404), ("DELETE", "/subjects", 405)]
)
async def test_what_is_not_there_is_answered_like_the_rest(url: str, method: str, path: str, status: int) -> None:
    answer = await ask(url, method=method, path=path)
    assert answer.status == status
    assert (status != 405) or answer.headers["Allow"]


async def test_its_pages_are_for_everyone(url: str) -> None:
    await ask(url)
    await ask(url, {"events": [EVENT, {}]}, path="/batches")
    async with aiohttp.ClientSession() as session:
        for path, says in {
            "/healthz": "ok",
            "/openapi.json": '"openapi":"3.1.0"',
            "/metrics": 'hub_intake_events_total{status="202"} 2.0',
            "/subjects": "orderhub.OrderPlaced",
        }.items():
            async with session.get(url + path) as response:
                assert response.status == 200
                assert says in await response.text()


def events(*ids: str) -> dict[str, Any]:
    return {"events": [{**PAID, "event_id": event_id} for event_id in ids]}


async def test_a_batch_is_answered_event_by_event_in_its_order(url: str, kafka_like: Kafka) -> None:
    good, bad, late = {**EVENT, "event_id": "e-1"}, {**EVENT, "amount": "one"}, {**EVENT, "event_id": "e-2"}
    answer = await ask(url, {"events": [good, bad, late]}, path="/batches", headers={"Idempotency-Key": ""})
    assert answer.status == 200
    first, second, third = answer["results"]
    assert (first["status"], first["event_id"], first["offset"]) == (202, "e-1", 1)
    assert (third["status"], third["event_id"], third["offset"]) == (202, "e-2", 2)
    assert (second["status"], second["problems"][0]["path"]) == (422, "amount")
    assert [event.event_id for event in kafka_like.events] == ["e-1", "e-2"]


async def test_an_event_of_a_batch_needs_an_id_of_its_own(url: str) -> None:
    answer = await ask(url, {"events": [PAID, "an event", EVENT]}, path="/batches")
    assert [result["status"] for result in answer["results"]] == [422, 422, 202]
    assert answer["results"][0]["problems"] == [{"path": "event_id", "reason": "is missing; add it"}]
    assert answer["results"][1]["problems"][0]["path"] == "type"


async def test_a_batch_of_which_kafka_lacks_one_is_to_be_sent_again(url: str, kafka_like: Kafka) -> None:
    kafka_like.unacknowledged = {"e-2"}
    answer = await ask(url, events("e-1", "e-2", "e-3"), path="/batches")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    kafka_like.unacknowledged = set()
    assert (await ask(url, events("e-1", "e-2", "e-3"), path="/batches")).status == 200


async def test_a_batch_takes_as_much_room_as_it_has_events(url: str, kafka_like: Kafka) -> None:
    assert (await ask(url, events("1", "2", "3", "4"), path="/batches")).status == 503
    assert kafka_like.events == []
    assert (await ask(url, events("1", "2", "3"), path="/batches")).status == 200


@pytest.mark.parametrize("body", [{}, {"events": []}, {"events": {}}, {"events": [{}] * 501}])
async def test_a_batch_holds_a_bounded_number_of_events(url: str, body: dict[str, Any]) -> None:
    answer = await ask(url, body, path="/batches")
    assert (answer.status, answer["problems"][0]["path"]) == (422, "events")
    assert answer["problems"][0]["reason"] == "is no list of 1 to 500 events; send one"


def test_a_bucket_fills_steadily_and_holds_one_seconds_worth() -> None:
    bucket = Bucket(2)
    assert [bucket.take(100.0) for _ in range(4)] == [0, 0, 0.5, 0.5]
    assert [bucket.take(100.5), bucket.take(100.5)] == [0, 0.5]
    assert [bucket.take(900.0) for _ in range(3)] == [0, 0, 0.5]
    assert bucket.take(899.0) == 0.5  # a clock that is set back gives nothing


def test_who_takes_more_than_there_is_waits_longer() -> None:
    bucket = Bucket(2)
    assert [bucket.take(100.0, 6), bucket.take(100.0)] == [0, 2.5]
    assert [bucket.take(102.0), bucket.take(102.5)] == [0.5, 0]
