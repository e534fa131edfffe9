"""Events in over HTTP: `POST /events`, checked as `hub send` checks them, answered when Kafka has them.

The `Idempotency-Key` is the event's id: whoever got no answer sends the same again, and it takes effect once, because
that is what the hub does with events of one source and id. Nothing is remembered here, so it may be killed at any time
and run as often as wanted.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
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
from hub.web.limits import Bucket
from hub.web.openapi import KEY_HEADER, KEY_PATTERN, openapi

_is_key = re.compile(KEY_PATTERN).fullmatch
_RETRY_SECONDS = 1.0
"""When to come again after Kafka did not acknowledge, or too much is on its way."""
_WHO_ARE_YOU = {"WWW-Authenticate": "Bearer"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sink(Protocol):
    """Where events go: a `Publisher`, or what stands for one."""

    async def submit(self, event: Event) -> Awaitable[Placed]:
        """Hand an event over; await the answer for Kafka's acknowledgement. Raises CodecError, BrokerError."""
        ...


class Intake:
    """The application; `tokens` are those of its callers, each of which may send `rate` events a second."""

    def __init__(
        self,
        sink: Sink,
        metrics: IntakeMetrics,
        tokens: Collection[str],
        *,
        rate: int,
        waiting: int,
        patience: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`waiting`: how many events may wait for Kafka's acknowledgement at once, of all callers together.

        `patience`: for how many seconds each may; what Kafka takes later was sent all the same.
        """
        self._sink = sink
        self._metrics = metrics
        self._buckets = {f"Bearer {token}".encode(): Bucket(rate) for token in tokens}
        self._room = waiting
        self._patience = patience
        self._clock = clock
        self._failing = False

    def application(self) -> web.Application:
        """For `hub.web.listening`."""
        app = web.Application(client_max_size=MAX_DOCUMENT_BYTES, middlewares=[self._answered])
        description = orjson.dumps(openapi())
        app.add_routes(
            [
                web.post("/events", self._take),
                web.get("/openapi.json", _always(description, "application/json")),
                web.get("/healthz", self._show_health),
                web.get("/metrics", self._show_metrics),
                *registry.routes(Registry.load()),
            ]
        )
        return app

    async def _take(self, request: web.Request) -> web.Response:
        refused = self._unwanted(request)
        if refused is not None:
            return refused
        raw = await request.read()
        self._room -= 1
        try:
            return await self._publish(raw, request.headers[KEY_HEADER])
        except IntakeError as error:
            return _problem(422, "Not an event the hub takes", problems=error.problems)
        except CodecError as error:
            return _problem(422, str(error))
        except BrokerError as error:
            self._failing = True
            return _problem(503, str(error), _come_again(_RETRY_SECONDS))
        finally:
            self._room += 1

    def _unwanted(self, request: web.Request) -> web.Response | None:
        """What stands against a request before its body is read."""
        bucket = self._bucket(request)
        if bucket is None:
            return _problem(401, "No token of this hub's: send Authorization: Bearer TOKEN", _WHO_ARE_YOU)
        if seconds := bucket.take(self._clock()):
            return _problem(429, "More events a second than this token may send", _come_again(seconds))
        if request.content_type != "application/json" or hdrs.CONTENT_ENCODING in request.headers:
            return _problem(415, "Send one JSON object as application/json, not compressed")
        if not _is_key(request.headers.get(KEY_HEADER, "")):
            return _problem(400, f"Send {KEY_HEADER}, 1 to 200 visible ASCII characters: it becomes the event's id")
        if not self._room:
            return _problem(503, "Too many events wait for Kafka; send the same again", _come_again(_RETRY_SECONDS))
        return None

    async def _publish(self, raw: bytes, key: str) -> web.Response:
        document = object_from_json(raw)
        if document.setdefault("event_id", key) != key:
            problem = IntakeProblem("event_id", f"is not the {KEY_HEADER}, which is the event's id; leave it out")
            raise IntakeError((problem,))
        event = event_from_document(document)
        try:
            async with asyncio.timeout(self._patience):
                placed = await (await self._sink.submit(event))
        except TimeoutError:
            raise BrokerError("Kafka has not acknowledged it yet; send the same again") from None
        self._failing = False
        return _json(
            202,
            {
                "event_id": event.event_id,
                "type": type(event).__name__,
                "key": key_of(event),
                "topic": topic_of(event),
                "partition": placed.partition,
                "offset": placed.offset,
            },
        )

    def _bucket(self, request: web.Request) -> Bucket | None:
        """The caller's; the tokens are compared in a time that does not tell how much of one was right."""
        sent = request.headers.get(hdrs.AUTHORIZATION, "").encode(errors="surrogateescape")
        found = None
        for token, bucket in self._buckets.items():
            if hmac.compare_digest(sent, token):
                found = bucket
        return found

    async def _show_health(self, _: web.Request) -> web.Response:
        if self._failing:
            return web.Response(status=503, text="Kafka does not acknowledge\n")
        return web.Response(text="ok\n")

    async def _show_metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self._metrics.registry)  # type: ignore[no-untyped-call]  # typed in its other module
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})

    @web.middleware
    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What aiohttp refuses by itself (size, path, method) answered like the rest; every answer is counted."""
        began = time.perf_counter()
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            allow = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
            response = _problem(refusal.status, refusal.reason, allow)
        if request.path == "/events":
            self._metrics.answers.labels(str(response.status)).inc()
            self._metrics.seconds.observe(time.perf_counter() - began)
        return response


def _problem(
    status: int, title: str, headers: Mapping[str, str] | None = None, problems: Collection[IntakeProblem] = ()
) -> web.Response:
    """A refusal as RFC 9457 has it; `problems` say where, what stands there and what to do."""
    body = {"title": title, "status": status, "problems": [each._asdict() for each in problems]}
    return web.Response(
        status=status, body=orjson.dumps(body), headers=headers, content_type="application/problem+json"
    )


def _json(status: int, value: Any) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")


def _come_again(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(seconds))}


def _always(body: bytes, content_type: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type)

    return handler
