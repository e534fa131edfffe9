"""CloudEvents 1.0 attributes as Kafka headers (binary content mode), on every message the hub sends.

On messages that come in they are optional and never trusted: the body says the same.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from hub.domain.events import Fact

Headers = list[tuple[str, bytes]]

_SPECVERSION = ("ce_specversion", b"1.0")
_TYPE_PREFIX = "orderhub."
_KINDS = 64
_MOMENTS = 1024
"""All messages of a decision, often of a transaction, are of one moment."""


def headers(event_id: str, source: str, record_type: str, time: datetime) -> Headers:
    """The attributes of a message of a record type, e.g. `OrderState`."""
    return [
        _SPECVERSION,
        _type_header(record_type),
        ("ce_id", event_id.encode()),
        ("ce_source", source.encode()),
        _time_header(time),
    ]


@lru_cache(_KINDS)
def _type_header(record_type: str) -> tuple[str, bytes]:
    return "ce_type", f"{_TYPE_PREFIX}{record_type}".encode()


@lru_cache(_MOMENTS)
def _time_header(time: datetime) -> tuple[str, bytes]:
    return "ce_time", time.isoformat().encode()


def cloud_event_headers(fact: Fact) -> Headers:
    """The attributes of an event or effect."""
    return headers(fact.event_id, fact.source, type(fact).__name__, fact.occurred_at)
