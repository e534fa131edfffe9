"""Exceptions of an order: problems a person has to look at, opened once per cause and closed when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from hub.domain.effects import ExceptionRaised
from hub.domain.flow.turn import SOURCE, Turn
from hub.domain.model import Department
from hub.domain.order import OpenException

ExceptionKind = Literal[
    "credit-refused",
    "unconfirmed",
    "no-candidate",
    "shipment-rejected",
    "production-problem",
    "procurement-problem",
    "logistics-problem",
    "over-delivered",
    "moved-after-cancel",
    "overpaid",
    "refund-due",
    "no-exchange-rate",
    "on-hold",
    "shipped-on-hold",
    "stalled",
]

PROBLEM: Mapping[Department, ExceptionKind] = {
    "production": "production-problem",
    "procurement": "procurement-problem",
    "logistics": "logistics-problem",
}
"""The exception a department's problem report opens."""


def open_exception(
    turn: Turn,
    kind: ExceptionKind,
    detail: str,
    *,
    subject: str = "",
    severity: Literal["warning", "critical"] = "warning",
    since: datetime | None = None,
) -> None:
    """Opens an exception of this kind and subject; one that is open stays, with the latest cause.

    `since`: when the cause happened.
    """
    since = since or turn.now
    for each in turn.state.exceptions:
        if each.kind == kind and each.subject == subject:
            if each.opened_at < since:
                _replace(turn, replace(each, detail=detail, opened_at=since))
            turn.explain(f"exception {kind} is open already: {detail}")
            return
    opened = OpenException(turn.next_id(), kind, subject, severity, "", detail, since)
    turn.update(exceptions=(*turn.state.exceptions, opened))
    _raise(turn, opened, "opened", opened.exception_id)
    turn.explain(f"exception {kind}: {detail}")


def close_exception(
    turn: Turn, kind: ExceptionKind, detail: str, *, subject: str | None = "", before: datetime | None = None
) -> None:
    """Closes what is open of this kind and subject (None: any), if its cause is older than `before`."""
    for each in turn.state.exceptions:
        if each.kind == kind and subject in (None, each.subject) and (before is None or each.opened_at < before):
            close_one(turn, each, detail)


def matching(turn: Turn, target: str) -> tuple[OpenException, ...]:
    """The open exceptions of this id or kind."""
    return tuple(each for each in turn.state.exceptions if target in (each.exception_id, each.kind))


def close_one(turn: Turn, exception: OpenException, detail: str) -> None:
    """Closes one exception."""
    left = tuple(each for each in turn.state.exceptions if each.exception_id != exception.exception_id)
    turn.update(exceptions=left)
    _raise(turn, replace(exception, detail=detail), "closed", turn.next_id())


def assign(turn: Turn, exception: OpenException, owner: str) -> None:
    """Gives one exception to a person."""
    assigned = replace(exception, owner=owner)
    _replace(turn, assigned)
    _raise(turn, assigned, "assigned", turn.next_id())


def _replace(turn: Turn, changed: OpenException) -> None:
    exceptions = turn.state.exceptions
    turn.update(exceptions=tuple(changed if each.exception_id == changed.exception_id else each for each in exceptions))


def _raise(
    turn: Turn, exception: OpenException, action: Literal["opened", "assigned", "closed"], event_id: str
) -> None:
    turn.emit(
        ExceptionRaised(
            event_id=event_id,
            source=SOURCE,
            occurred_at=turn.now,
            order_id=turn.state.order_id,
            exception_id=exception.exception_id,
            kind=exception.kind,
            action=action,
            severity=exception.severity,
            owner=exception.owner,
            detail=exception.detail,
        )
    )
