"""Events in over HTTP, one or a batch, checked as `hub send` checks them and answered when Kafka has them.

The `Idempotency-Key` is the event's id: whoever got no answer sends the same again, and it takes effect once, because
that is what the hub does with events of one source and id. Nothing is remembered here, so it may be killed at any time
and run as often as wanted.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Protocol

import orjson
from aiohttp import hdrs, web
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from connectors.base import Event, key_of
from connectors.publishing import Placed, topic_of
from hub.codec.registry import Registry
from hub.errors import BrokerError, CodecError
from hub.intake import IntakeError, event_from_document
from hub.intake.json_events import MAX_DOCUMENT_BYTES, IntakeProblem, object_from_json
from hub.metrics import IntakeMetrics
from hub.web import registry
from hub.web.answers import answer, come_again, problem, refusal
from hub.web.limits import Callers
from hub.web.openapi import KEY_HEADER, KEY_PATTERN, MAX_BATCH, openapi

_is_key = re.compile(KEY_PATTERN).fullmatch
_RETRY_SECONDS = 1.0
"""When to come again after Kafka did not acknowledge, or too much is on its way."""
_NO_EVENT = "Not an event the hub takes"
_WHO_ARE_YOU = {"WWW-Authenticate": "Bearer"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sink(Protocol):
    """Where events go: a `Publisher`, or what stands for one."""

    async def submit(self, event: Event) -> Coroutine[Any, Any, Placed]:
        """Hand an event over; await the answer for Kafka's acknowledgement. Raises CodecError, BrokerError."""
        ...


class Intake:
    """The application."""

    def __init__(
        self, sink: Sink, metrics: IntakeMetrics, callers: Callers, *, waiting: int, patience: float = 20.0
    ) -> None:
        """`waiting`: how many events may wait for Kafka's acknowledgement at once, of all callers together.

        `patience`: for how many seconds each may; what Kafka takes later was sent all the same.
        """
        self._sink = sink
        self._metrics = metrics
        self._callers = callers
        self._room = waiting
        self._patience = patience
        self._failing = False

    def application(self) -> web.Application:
        """For `hub.web.listening`."""
        app = web.Application(client_max_size=MAX_DOCUMENT_BYTES, middlewares=[self._answered])
        description = orjson.dumps(openapi())
        app.add_routes(
            [
                web.post("/events", self._counted(self._take)),
                web.post("/batches", self._counted(self._take_batch)),
                web.get("/openapi.json", _always(description, "application/json")),
                web.get("/healthz", self._show_health),
                web.get("/metrics", self._show_metrics),
                *registry.routes(Registry.load()),
            ]
        )
        return app

    async def _take(self, request: web.Request) -> web.Response:
        key = request.headers.get(KEY_HEADER, "")
        if refused := self._unwanted(request):
            return refused
        if not _is_key(key):
            return problem(400, f"Send {KEY_HEADER}, 1 to 200 visible ASCII characters: it becomes the event's id")
        document = object_from_json(await request.read())
        if document.setdefault("event_id", key) != key:
            wrong = IntakeProblem("event_id", f"is not the {KEY_HEADER}, which is the event's id; leave it out")
            raise IntakeError((wrong,))
        event = event_from_document(document)
        async with self._waiting(1):
            placed = await (await self._sink.submit(event))
        return answer(202, _accepted(event, placed))

    async def _take_batch(self, request: web.Request) -> web.Response:
        if refused := self._unwanted(request):
            return refused
        documents = object_from_json(await request.read()).get("events")
        if not isinstance(documents, list) or not 1 <= len(documents) <= MAX_BATCH:
            raise IntakeError((IntakeProblem("events", f"is no list of 1 to {MAX_BATCH} events; send one"),))
        self._callers.admit(request, len(documents) - 1)
        async with self._waiting(len(documents)):
            results = await self._results(documents)
        for result in results:
            self._metrics.events.labels(str(result["status"])).inc()
        return answer(200, {"results": results})

    async def _results(self, documents: list[Any]) -> list[dict[str, Any]]:
        """What became of each event of a batch, handed over in their order. Raises BrokerError."""
        try:
            async with asyncio.TaskGroup() as tasks:
                handed = [await self._handed_over(document, tasks) for document in documents]
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        return [
            each if isinstance(each, dict) else {"status": 202, **_accepted(each[0], each[1].result())}
            for each in handed
        ]

    async def _handed_over(
        self, document: Any, tasks: asyncio.TaskGroup
    ) -> tuple[Event, asyncio.Task[Placed]] | dict[str, Any]:
        """An event and Kafka's answer to come, or the result already where it is refused."""
        await asyncio.sleep(0)  # a long batch leaves room for others
        try:
            event = event_from_document(document if isinstance(document, dict) else {})
            return event, tasks.create_task(await self._sink.submit(event))
        except IntakeError as error:
            return refusal(422, _NO_EVENT, error.problems)
        except CodecError as error:
            return refusal(422, str(error))

    def _unwanted(self, request: web.Request) -> web.Response | None:
        """What stands against a request before its body is read."""
        seconds = self._callers.admit(request)
        if seconds is None:
            return problem(401, "No token of this hub's: send Authorization: Bearer TOKEN", _WHO_ARE_YOU)
        if seconds:
            return come_again(429, "More events a second than this token may send", seconds)
        if request.content_type != "application/json" or hdrs.CONTENT_ENCODING in request.headers:
            return problem(415, "Send one JSON object as application/json, not compressed")
        return None

    @asynccontextmanager
    async def _waiting(self, count: int) -> AsyncIterator[None]:
        """Room for so many events until Kafka has acknowledged them. Raises BrokerError."""
        if count > self._room:
            raise BrokerError("Too many events wait for Kafka; send the same again")
        self._room -= count
        try:
            async with asyncio.timeout(self._patience):
                yield
        except TimeoutError:
            self._failing = True
            raise BrokerError("Kafka has not acknowledged it yet; send the same again") from None
        except BrokerError:
            self._failing = True
            raise
        finally:
            self._room += count
        self._failing = False

    async def _show_health(self, _: web.Request) -> web.Response:
        if self._failing:
            return web.Response(status=503, text="Kafka does not acknowledge\n")
        return web.Response(text="ok\n")

    async def _show_metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self._metrics.registry)  # type: ignore[no-untyped-call]  # typed in its other module
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})

    def _counted(self, handler: Handler) -> Handler:
        """The handler, its time taken and its answer counted; a batch has counted its own."""

        async def counting(request: web.Request) -> web.StreamResponse:
            began = time.perf_counter()
            try:
                response = await self._answered(request, handler)
            finally:
                self._metrics.seconds.observe(time.perf_counter() - began)
            if response.status != 200:
                self._metrics.events.labels(str(response.status)).inc()
            return response

        return counting

    @web.middleware
    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Errors as answers, those too that aiohttp makes by itself (size, path, method)."""
        try:
            return await handler(request)
        except IntakeError as error:
            return problem(422, _NO_EVENT, problems=error.problems)
        except CodecError as error:
            return problem(422, str(error))
        except BrokerError as error:
            return come_again(503, str(error), _RETRY_SECONDS)
        except web.HTTPException as refused:
            allow = {"Allow": refused.headers["Allow"]} if "Allow" in refused.headers else {}
            return problem(refused.status, refused.reason, allow)


def _accepted(event: Event, placed: Placed) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "type": type(event).__name__,
        "key": key_of(event),
        "topic": topic_of(event),
        "partition": placed.partition,
        "offset": placed.offset,
    }


def _always(body: bytes, content_type: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type)

    return handler
