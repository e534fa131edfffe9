"""What the monitor found and watches for, as `hub monitor` shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.reading import Reader
from hub.cli.tail import safe
from hub.cli.words import lasting, when
from hub.codec import Codec
from hub.config import Settings
from hub.domain.explaining import Opinion
from hub.domain.headline import headline
from hub.domain.monitor import MonitorRule, MonitorRules, is_alert, kind_of
from hub.domain.order import OpenException, OrderState
from hub.domain.schedule import Schedule
from hub.topics import ORDERS_STATE

_MARKS = "hub-marks"
"""The header of a state that something was found about: the others need not be read."""


class OpenAlert(NamedTuple):
    """An alert and the order it is about."""

    state: OrderState
    alert: OpenException

    def as_object(self) -> dict[str, Any]:
        """For a program."""
        alert, schedule = self.alert, self.state.schedule
        return {
            "order_id": self.state.order_id,
            "rule": alert.kind,
            "subject": alert.subject,
            "severity": alert.severity,
            "department": alert.department,
            "owner": alert.owner,
            "since": alert.opened_at.isoformat(),
            "escalated": alert.level,
            "detail": alert.detail,
            "headline": headline(self.state),
            "slack_hours": None if schedule is None else schedule.slack_hours,
            "exception_id": alert.exception_id,
        }


async def open_alerts(settings: Settings, codec: Codec) -> list[OpenAlert]:
    """All that is open in orders.state, the most severe and then the oldest first."""
    reader = Reader(settings.kafka_client(), settings.partitions)
    await reader.check([ORDERS_STATE])
    marked: dict[bytes, bytes] = {}
    async for record in reader.held([ORDERS_STATE]):
        key = record.key or b""
        if record.value is not None and any(name == _MARKS for name, _ in record.headers):
            marked[key] = record.value
        else:
            marked.pop(key, None)
    states = (codec.decode_as(OrderState, raw) for raw in marked.values())
    found = [OpenAlert(state, each) for state in states for each in state.exceptions if is_alert(each.kind)]
    return sorted(
        found, key=lambda each: (each.alert.severity != "critical", each.alert.opened_at, each.state.order_id)
    )


def alert_table(found: Sequence[OpenAlert], now: datetime) -> Table | str:
    """One alert a row."""
    if not found:
        return "Nothing is open."
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("rule", "order", "since"):
        table.add_column(name, no_wrap=True)
    for name in ("with", "department", "what"):
        table.add_column(name)
    for state, alert in found:
        style = "bold red" if alert.severity == "critical" else "bold"
        table.add_row(
            Text(alert.kind, style),
            safe(state.order_id),
            lasting(now - alert.opened_at),
            safe(alert.owner or "nobody"),
            alert.department,
            safe(alert.detail),
        )
    return table


def rule_table(rules: MonitorRules) -> Table:
    """One rule a row."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("rule", no_wrap=True)
    for name in ("finds orders that", "watches", "severity", "with"):
        table.add_column(name)
    for name, rule in rules.items():
        further = "".join(f", {step.to or 'no one else'} after {lasting(step.after)}" for step in rule.escalate)
        table.add_row(name, rule.says, _watches(rule), rule.severity, f"{rule.owner or 'nobody'}{further}")
    return table


def explain(console: Console, state: OrderState, said: Iterable[Opinion], now: datetime) -> None:
    """The plan of an order, and what each rule says of it."""
    console.print(Text.assemble(("Order ", "bold"), (state.order_id, "bold"), f"  {headline(state)}"))
    if state.schedule is not None:
        console.print(schedule_table(state.schedule, now))
        console.print(standing(state.schedule), soft_wrap=True)
    table = Table("rule", "about", "", "since or from", "", box=None, pad_edge=False, header_style="dim")
    for each in said:
        due = "" if each.due is None else when(each.due)
        table.add_row(each.rule, each.subject, each.standing, due, safe(each.detail))
    console.print(table)


def schedule_table(schedule: Schedule, now: datetime) -> Table:
    """The milestones, with how late each is."""
    table = Table("milestone", "planned", "reached", "", box=None, pad_edge=False, header_style="dim")
    for each in schedule.milestones:
        late = (each.reached or now) - each.planned
        told = f"{lasting(late)} late" if late > timedelta() else ""
        table.add_row(each.name, when(each.planned), when(each.reached) if each.reached else "", Text(told, "red"))
    return table


def standing(schedule: Schedule) -> str:
    """Where the plan leads to."""
    slack = schedule.slack_hours
    if schedule.promised is None or slack is None:
        return f"Delivered {when(schedule.predicted)}, as predicted; no day is promised."
    kept = f"{slack} hours of slack" if slack >= 0 else f"{-slack} hours late"
    return f"Delivered {when(schedule.predicted)}, as predicted; promised for {schedule.promised}: {kept}."


def _watches(rule: MonitorRule) -> str:
    kind = kind_of(rule)
    what = getattr(rule, str(kind))
    if isinstance(what, dict):
        shown = "; ".join(f"{axis} {' or '.join(statuses)}" for axis, statuses in what.items())
    elif isinstance(what, tuple):
        shown = f"no answer of {', '.join(what)}"
    elif kind == "rejections":
        shown = f"{what} refusals of a line"
    else:
        shown = f"{'not ' if kind == 'not_reached' else ''}{what}"
    against = f" after {rule.after}" if rule.after else f" before {rule.before}" if rule.before else ""
    longer = f" for {lasting(rule.longer_than)}{' of work' if rule.calendar else ''}" if rule.longer_than else ""
    return f"{shown}{against}{longer}"
