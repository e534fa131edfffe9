"""What the log tells of a committed transaction: its dead letters, and on demand every record that was applied."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TypeVar

import structlog

from hub.runtime.inbox import Portion
from hub.runtime.spec import AgentSpec
from hub.runtime.work import Letter, trace_context

S = TypeVar("S")

_log = structlog.get_logger(__name__)


def tell(spec: AgentSpec[S], letters: Iterable[Letter], portions: Iterable[Portion]) -> None:
    """Log the dead letters, and every record that was applied where somebody asked for that (level debug)."""
    for letter in letters:
        topic, partition, offset = letter.origin
        _log.warning(
            "dead letter",
            agent=spec.name,
            topic=topic,
            partition=partition,
            offset=offset,
            code=letter.code,
            reason=letter.reason,
            **_whose(spec.key_name, letter.key, letter.traceparent),
        )
    if not _log.is_enabled_for(logging.DEBUG):
        return
    for portion in portions:
        for record in portion.records:
            traceparent = dict(trace_context(record.headers)).get("traceparent", b"")
            _log.debug(
                "applied",
                agent=spec.name,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                **_whose(spec.key_name, record.key, traceparent),
            )


def _whose(key_name: str, key: bytes | None, traceparent: bytes) -> dict[str, str]:
    """What finds a record's other traces: its key, and the trace it belongs to."""
    found = {key_name: (key or b"").decode(errors="backslashreplace")[:100]}
    if traceparent:
        text = traceparent.decode(errors="backslashreplace")
        found |= {"traceparent": text, "trace_id": text[3:35]}
    return found
