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
_SHARED = 1024
"""Attributes remembered: all messages of a decision, often of a transaction, are of one moment."""


def headers(event_id: str, source: str, record_type: str, time: datetime) -> Headers:
    """The attributes of a message of a record type, e.g. `OrderState`."""
    kind, origin, moment = _shared(record_type, source, time)
    return [_SPECVERSION, kind, ("ce_id", event_id.encode()), origin, moment]


@lru_cache(_SHARED)
def _shared(record_type: str, source: str, time: datetime) -> tuple[tuple[str, bytes], ...]:
    """What all messages of a kind have in common that one transaction sends."""
    return (
        ("ce_type", f"{_TYPE_PREFIX}{record_type}".encode()),
        ("ce_source", source.encode()),
        ("ce_time", time.isoformat().encode()),
    )


def cloud_event_headers(fact: Fact) -> Headers:
    """The attributes of an event or effect."""
    return headers(fact.event_id, fact.source, type(fact).__name__, fact.occurred_at)
