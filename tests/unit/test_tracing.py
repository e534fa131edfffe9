"""Spans as a collector gets them: a real one's protocol, over HTTP, into a server of this test."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from hub.app import tracing_to
from hub.errors import ConfigError
from hub.runtime.tracing import take
from tests.support.fetched import record

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
CONTEXT = [("traceparent", f"00-{TRACE}-{PARENT}-01".encode())]


class Collector:
    """Keeps what is sent to it by OTLP."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def spans(self) -> dict[str, Span]:
        return {
            span.name: span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever)
    thread.start()
    yield collector
    collector.server.shutdown()
    thread.join()
    collector.server.server_close()


def test_a_collector_gets_the_record_under_its_trace_and_the_transaction_linked_to_it(collector: Collector) -> None:
    began = time.time_ns()
    taken, _ = take("orders", record(7, b"ORD-1", topic="orders.events", partition=3), CONTEXT, began)
    assert taken is not None
    with tracing_to(collector.url) as tracing:
        assert tracing is not None
        tracing.committed("orders", 3, [taken], 20, began)
    processed, transaction = collector.spans["process orders.events"], collector.spans["orders transaction"]
    assert (processed.trace_id.hex(), processed.parent_span_id.hex()) == (TRACE, PARENT)
    assert processed.span_id.hex() == f"{taken.span_id:016x}"
    assert processed.kind == Span.SPAN_KIND_CONSUMER
    assert began == processed.start_time_unix_nano <= processed.end_time_unix_nano
    values = {each.key: each.value for each in processed.attributes}
    assert values["messaging.kafka.message.key"].string_value == "ORD-1"
    assert values["messaging.destination.partition.id"].string_value == "3"
    assert values["messaging.kafka.offset"].int_value == 7
    assert [link.span_id for link in transaction.links] == [processed.span_id]
    assert transaction.parent_span_id == b""
    (resource,) = {
        each.value.string_value
        for request in collector.requests
        for part in request.resource_spans
        for each in part.resource.attributes
        if each.key == "service.name"
    }
    assert resource == "orderhub"


def test_without_an_endpoint_nothing_is_sent() -> None:
    with tracing_to(None) as tracing:
        assert tracing is None


def test_an_endpoint_without_what_sends_spans_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hub.tracing", None)
    with pytest.raises(ConfigError, match=r"install orderhub\[otel\]"), tracing_to("http://127.0.0.1:4318"):
        pass
