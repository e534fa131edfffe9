"""Spans to an OpenTelemetry collector, by OTLP over HTTP. Needs the extra `otel`.

What belongs to the exporter (headers, certificates, timeouts) is set by OpenTelemetry's own `OTEL_EXPORTER_OTLP_*`. A
collector that is away costs the spans and nothing else: they are sent by a thread of their own from a bounded queue.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Thread
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from hub import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from hub.runtime.tracing import Taken

_LAST_SECONDS = 2.0


class Spans:
    """A span for each sampled record, and one for each transaction that took any, linked to them."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._ids = _ChosenIds()
        self._provider = TracerProvider(
            id_generator=self._ids,
            resource=Resource.create({"service.name": "orderhub", "service.version": __version__}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("hub")

    def committed(self, agent: str, partition: int, taken: Sequence[Taken], records: int, begun_ns: int) -> None:
        """Send the spans of a transaction that is visible as of now."""
        now_ns = time.time_ns()
        links = [Link(self._record(agent, each, now_ns)) for each in taken]
        transaction = self._tracer.start_span(
            f"{agent} transaction",
            context=trace.set_span_in_context(trace.INVALID_SPAN),
            links=links,
            start_time=begun_ns,
            attributes={
                "messaging.system": "kafka",
                "messaging.destination.partition.id": str(partition),
                "messaging.batch.message_count": records,
            },
        )
        transaction.end(now_ns)

    def close(self) -> None:
        """Send what waits, if the collector takes it soon: nobody waits for it longer."""
        sending = Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(_LAST_SECONDS)

    def _record(self, agent: str, taken: Taken, now_ns: int) -> SpanContext:
        record = taken.record
        self._ids.next_span = taken.span_id
        span = self._tracer.start_span(
            f"process {record.topic}",
            context=trace.set_span_in_context(NonRecordingSpan(_parent(taken.traceparent))),
            kind=SpanKind.CONSUMER,
            start_time=taken.begun_ns,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.consumer.group.name": agent,
                "messaging.destination.name": record.topic,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
                "messaging.kafka.message.key": (record.key or b"").decode(errors="backslashreplace")[:100],
            },
        )
        span.end(now_ns)
        return span.get_span_context()


class _ChosenIds(IdGenerator):
    """Random ids, but for the next span if its id was chosen."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()
        self.next_span = 0

    def generate_trace_id(self) -> int:
        return self._random.generate_trace_id()

    def generate_span_id(self) -> int:
        chosen, self.next_span = self.next_span, 0
        return chosen or self._random.generate_span_id()


def _parent(traceparent: str) -> SpanContext:
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def otlp(endpoint: str) -> Spans:
    """Spans to the collector at this URL, e.g. http://collector:4318."""
    return Spans(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces"))
