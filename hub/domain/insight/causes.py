"""What is done more than once, and what is refused, each by its cause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.domain.effects import SettlementRecorded, WorkOrderIssued
from hub.domain.events import CreditDecided, OperatorCommanded, OrderChanged, StatusReported
from hub.domain.insight.history import Happening, History
from hub.domain.model import Department

_REWORK = {
    "rejected": "work rejected",
    "change-rejected": "change rejected",
    "problem": "problem reported",
    "returned": "goods returned",
}
_CORRECTIONS = frozenset(("reversal", "replacement"))
_ZERO = timedelta(0)


class Rejection(NamedTuple):
    """Who gave work back, and why."""

    department: Department
    node: str
    """Empty: the department for all of its nodes."""
    reason: str
    """Its cause, or else its reason, in the department's words; may be empty."""


def rework(history: History) -> Iterator[str]:
    """What had to be done again, as often as it had."""
    for happening in history.happenings:
        match happening.event:
            case OrderChanged():
                yield "order changed by the buyer"
            case StatusReported(kind=kind) if kind in _REWORK:
                yield _REWORK[kind]
            case OperatorCommanded(command="reroute"):
                yield "rerouted by the order desk"
        for sent in happening.sent:
            match sent:
                case WorkOrderIssued(action="change", department="production" | "procurement"):
                    yield "work order changed"
                case SettlementRecorded(cause=cause, kind="credit-note") if cause in _CORRECTIONS:
                    yield "settlement corrected"


def rejections(history: History) -> Iterator[tuple[Rejection, timedelta]]:
    """Each rejection, and the time that was lost by it: since the department was given the work last."""
    asked: dict[Department, datetime] = {}
    for happening in history.happenings:
        event = happening.event
        if isinstance(event, StatusReported) and event.kind == "rejected":
            since = asked.get(event.department)
            lost = _ZERO if since is None else max(happening.at - since, _ZERO)
            yield Rejection(event.department, event.node, event.cause or event.reason), lost
        for sent in happening.sent:
            if isinstance(sent, WorkOrderIssued) and sent.action == "create":
                asked[sent.department] = sent.occurred_at


def refusals(history: History) -> Iterator[str]:
    """The credit rules that failed, once for each refusal."""
    for happening in history.happenings:
        yield from _failed(happening)


def _failed(happening: Happening) -> Iterator[str]:
    if isinstance(happening.event, CreditDecided) and not happening.event.granted:
        yield from dict.fromkeys(check.rule for check in happening.event.checks if not check.passed)
