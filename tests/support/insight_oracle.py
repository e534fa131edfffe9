"""The figures of `hub insight` once more, by SQL over rows of the journal: written for itself, to be compared with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

import duckdb
import pyarrow as pa

from hub.domain.effects import ExceptionRaised, SettlementRecorded, WorkOrderIssued
from hub.domain.model import DEPARTMENTS
from tests.support.histories import journal
from tests.support.orders import Story

_EVENT = {
    "source": "text", "department": "text", "kind": "text", "granted": "bool", "accepted": "bool", "reason": "text",
    "cause": "text", "node": "text", "command": "text",
}  # fmt: skip
_SENT = {
    "action": "text", "department": "text", "kind": "text", "root": "text", "owner": "text", "exception_id": "text",
    "cause": "text",
}  # fmt: skip

_HAPPENED = """
CREATE VIEW happened AS
SELECT *, entry AS place, 0 AS later FROM entries WHERE outcome = 'applied'
UNION ALL
SELECT p.*, s.entry AS place, 1 AS later FROM entries p JOIN said s
ON s.order_id = p.order_id AND p.outcome = 'parked'
AND s.sentence LIKE p.event_id || ' of ' || p.source || ' had waited (%';
CREATE VIEW placed AS SELECT order_id, min(moment) AS moment FROM happened WHERE type = 'OrderPlaced' GROUP BY ALL;
CREATE VIEW ours AS SELECT s.* FROM sent s JOIN placed USING (order_id);
"""

_STEPS = """
WITH ends AS (
  SELECT order_id, 1 AS step, min(heard) AS moment FROM happened WHERE type = 'OrderPlaced' GROUP BY ALL
  UNION ALL
  SELECT order_id, 2, min(moment) FROM happened WHERE type = 'CreditDecided' AND granted GROUP BY ALL
  UNION ALL
  SELECT order_id, 3, max(moment) FROM happened WHERE type = 'OrderConfirmed' AND accepted GROUP BY ALL
  UNION ALL
  SELECT order_id, 4, min(moment) FROM ours WHERE type = 'WorkOrderIssued' AND action = 'create' GROUP BY ALL
  UNION ALL
  SELECT order_id, 5, min(moment) FROM happened WHERE type = 'StatusReported' AND kind = 'accepted' GROUP BY ALL
  UNION ALL
  SELECT order_id, 6, max(moment) FROM happened WHERE kind IN ('produced', 'received') GROUP BY ALL
  UNION ALL
  SELECT order_id, 7, max(moment) FROM happened WHERE kind = 'shipped' GROUP BY ALL
  UNION ALL
  SELECT order_id, 8, max(moment) FROM happened WHERE kind = 'delivered' GROUP BY ALL
  UNION ALL
  SELECT order_id, 9, max(moment) FROM ours
  WHERE type = 'SettlementRecorded' AND kind = 'invoice' AND cause IN ('close', 'delivery') GROUP BY ALL
  UNION ALL
  SELECT order_id, 10, max(moment) FROM happened JOIN states USING (order_id)
  WHERE type = 'OrderPaid' AND commercial = 'closed' GROUP BY ALL
), ways AS (
  SELECT order_id, 0 AS step, moment FROM placed UNION ALL SELECT ends.* FROM ends JOIN placed USING (order_id)
), spans AS (
  SELECT order_id, step, greatest(moment - max(moment) OVER (
    PARTITION BY order_id ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS span FROM ways
)
SELECT * FROM spans WHERE step > 0
"""
_CUTS = """
WITH anew AS (
  SELECT *, lead(moment) OVER (PARTITION BY order_id, department ORDER BY entry, place) AS until
  FROM ours WHERE type = 'WorkOrderIssued' AND action <> 'change'
)
SELECT a.department, a.order_id, min(h.moment) - a.moment AS span
FROM anew a JOIN happened h ON h.order_id = a.order_id AND h.department = a.department AND h.type = 'StatusReported'
  AND h.moment >= a.moment AND (a.until IS NULL OR h.moment < a.until)
WHERE a.action = 'create' GROUP BY a.department, a.order_id, a.entry, a.place, a.moment
"""
_SILENT = """
WITH words AS (
  SELECT order_id, department, moment FROM happened WHERE type = 'StatusReported'
  UNION ALL SELECT order_id, department, moment FROM ours WHERE type = 'WorkOrderIssued'
)
SELECT w.department, w.order_id, $now - max(w.moment) AS span
FROM words w JOIN work USING (order_id, department)
WHERE status IN ('ordered', 'accepted', 'scheduled', 'started')
  AND EXISTS (FROM ours o WHERE o.order_id = w.order_id AND o.department = w.department AND o.type = 'WorkOrderIssued')
GROUP BY ALL
"""
_JUDGED = """
WITH dues AS (
  SELECT order_id, department, arg_max(due, (entry, place)) AS due FROM ours WHERE type = 'WorkOrderIssued' GROUP BY ALL
), finished AS (
  SELECT order_id, department, max(moment) AS moment FROM happened WHERE (department, kind) IN
  (('production', 'produced'), ('procurement', 'received'), ('logistics', 'delivered')) GROUP BY ALL
)
SELECT department, order_id, moment - due AS late
FROM dues JOIN finished USING (order_id, department) JOIN work USING (order_id, department)
WHERE status = 'done' AND due IS NOT NULL
"""
_WRONG = """
SELECT department, order_id FROM happened h WHERE type = 'StatusReported'
AND kind IN ('rejected', 'change-rejected', 'problem', 'returned')
AND EXISTS (FROM ours o WHERE o.order_id = h.order_id AND o.department = h.department AND o.type = 'WorkOrderIssued')
"""
_ASKED = "SELECT department, count(DISTINCT order_id) FROM ours WHERE type = 'WorkOrderIssued' GROUP BY ALL"
_REWORK = """
SELECT CASE WHEN type = 'OrderChanged' THEN 'order changed by the buyer' WHEN command = 'reroute'
THEN 'rerouted by the order desk' ELSE CASE kind WHEN 'rejected' THEN 'work rejected' WHEN 'change-rejected'
THEN 'change rejected' WHEN 'problem' THEN 'problem reported' WHEN 'returned' THEN 'goods returned' END END AS what,
order_id FROM happened JOIN placed USING (order_id) WHERE what IS NOT NULL
UNION ALL
SELECT 'work order changed', order_id FROM ours
WHERE type = 'WorkOrderIssued' AND action = 'change' AND department <> 'logistics'
UNION ALL
SELECT 'settlement corrected', order_id FROM ours
WHERE type = 'SettlementRecorded' AND kind = 'credit-note' AND cause IN ('reversal', 'replacement')
"""
_REJECTED = """
SELECT h.department, h.node, CASE WHEN h.cause <> '' THEN h.cause ELSE h.reason END AS why, h.order_id,
greatest(h.moment - coalesce((SELECT arg_max(o.moment, (o.entry, o.place)) FROM ours o WHERE o.order_id = h.order_id
  AND o.department = h.department AND o.type = 'WorkOrderIssued' AND o.action = 'create'
  AND (o.entry < h.place OR (o.entry = h.place AND h.later = 1))), h.moment), 0) AS span
FROM happened h JOIN placed USING (order_id) WHERE h.type = 'StatusReported' AND h.kind = 'rejected'
"""
_REFUSED = "SELECT rule, order_id FROM checks JOIN placed USING (order_id)"
_CASES = """
WITH raised AS (FROM ours WHERE type = 'ExceptionRaised'),
last AS (
  SELECT exception_id, arg_max(owner, (entry, place)) AS owner, arg_max(action, (entry, place)) AS action,
  max(moment) AS moment, max((entry, place)) AS ended, bool_or(action = 'escalated') AS escalated
  FROM raised GROUP BY ALL
)
SELECT r.order_id, r.kind, CASE WHEN r.root = 'order ' || r.order_id THEN '' ELSE r.root END AS root, last.owner,
last.action = 'closed' AS closed, (CASE WHEN last.action = 'closed' THEN last.moment ELSE $now END) - r.moment AS span,
escalated, EXISTS (FROM raised l WHERE l.order_id = r.order_id AND l.kind = r.kind
  AND l.root = r.root AND l.action = 'opened' AND (l.entry, l.place) > last.ended) AS again,
CASE WHEN r.kind LIKE '%-problem' THEN replace(r.kind, '-problem', '') WHEN r.department <> '' THEN r.department
ELSE coalesce(
  (SELECT e.department FROM entries e WHERE e.order_id = r.order_id AND e.entry = r.entry
  AND e.type = 'StatusReported'),
  CASE WHEN r.root IN ('production', 'procurement', 'logistics') THEN r.root END) END AS department
FROM raised r JOIN last USING (exception_id) WHERE r.action = 'opened'
"""
_WHOLE = f"""
SELECT order_id, sum(span) AS span FROM ({_STEPS}) JOIN states USING (order_id)
WHERE step < 10 AND commercial IN ('fulfilled', 'closed') GROUP BY ALL
"""  # noqa: S608 - a query of ours
_STANDING = """
SELECT headline, order_id, $now - coalesce(moved, p.moment) AS span FROM states JOIN placed p USING (order_id)
WHERE commercial NOT IN ('closed', 'cancelled')
"""
QUERIES = {
    "steps": _STEPS,
    "whole": _WHOLE,
    "standing": _STANDING,
    "answers": _CUTS,
    "silent": _SILENT,
    "judged": _JUDGED,
    "wrong": _WRONG,
    "asked": _ASKED,
    "rework": _REWORK,
    "rejected": _REJECTED,
    "refused": _REFUSED,
    "cases": _CASES,
}


class Oracle:
    """The rows of some stories, and what can be asked of them; a day ends at midnight in `zone`."""

    def __init__(self, stories: Iterable[Story], now: datetime, zone: tzinfo) -> None:
        self._database = duckdb.connect()
        self._now = micros(now)
        tables: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("entries", "said", "sent", "states", "work", "checks")
        }
        for story in stories:
            for name, row in _rows(story, zone):
                tables[name].append(row)
        for name, rows in tables.items():
            table = pa.Table.from_pylist(rows, schema=_SCHEMAS[name])
            self._database.register(f"_{name}", table)
            self._database.execute(f"CREATE TABLE {name} AS FROM _{name}")
        self._database.execute(_HAPPENED)

    def ask(self, query: str, select: str, where: str = "true") -> list[tuple[Any, ...]]:
        """`SELECT select` of those rows of a query, in order."""
        named = {"now": self._now} if "$now" in QUERIES[query] else {}
        grouped = "GROUP BY ALL" if "(" in select else ""
        sql = f"SELECT {select} FROM ({QUERIES[query]}) WHERE {where} {grouped} ORDER BY ALL"  # noqa: S608
        return self._database.execute(sql, named).fetchall()

    def scalar(self, sql: str) -> Any:
        row = self._database.execute(sql).fetchone()
        return row[0] if row else None


MEASURE = (
    "count(DISTINCT order_id), count(*), sum(span)::BIGINT, (list_sort(list(span)))[ceil(count(*) * 0.5)::BIGINT], "
)
MEASURE += "(list_sort(list(span)))[ceil(count(*) * 0.9)::BIGINT]"
"""Orders, times, total, median and the 90th percentile, spans in microseconds."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    whole = int(moment.timestamp())
    return whole * 1_000_000 + moment.microsecond


def _rows(story: Story, zone: tzinfo) -> Iterator[tuple[str, dict[str, Any]]]:
    order_id = story.order_id
    for (entry, decision), (received, _) in zip(journal(story), story.journal, strict=True):
        event, number = received.event, entry.entry
        head = {"order_id": order_id, "entry": number}
        yield (
            "entries",
            {
                **head,
                "event_id": event.event_id,
                "type": entry.event_type,
                "outcome": entry.outcome,
                "moment": micros(min(event.occurred_at, entry.decided_at)),
                "heard": micros(entry.decided_at),
                **{name: getattr(event, name, None) for name in _EVENT},
            },
        )
        yield from (("said", {**head, "sentence": sentence}) for sentence in entry.explanations)
        if entry.outcome == "applied" and getattr(event, "granted", True) is False:
            failed = {check.rule for check in getattr(event, "checks", ()) if not check.passed}
            yield from (("checks", {**head, "rule": rule}) for rule in failed)
        for place, effect in enumerate(decision.effects):
            if isinstance(effect, WorkOrderIssued | ExceptionRaised | SettlementRecorded):
                due = getattr(effect, "due", None)
                yield (
                    "sent",
                    {
                        **head,
                        "place": place,
                        "type": type(effect).__name__,
                        "moment": micros(effect.occurred_at),
                        "due": None if due is None else micros(datetime.combine(due + timedelta(days=1), time(), zone)),
                        **{name: getattr(effect, name, None) for name in _SENT},
                    },
                )
    state = story.order
    moved = None if state.moved_at is None else micros(state.moved_at)
    yield (
        "states",
        {"order_id": order_id, "commercial": state.commercial, "headline": story.headline, "moved": moved},
    )
    for department in DEPARTMENTS:
        status = getattr(story.order, department).status
        yield "work", {"order_id": order_id, "department": department, "status": status}


def _schema(**columns: str) -> pa.Schema:
    types = {"text": pa.string(), "int": pa.int64(), "bool": pa.bool_()}
    return pa.schema([(name, types[kind]) for name, kind in columns.items()])


_HEAD = {"order_id": "text", "entry": "int"}
_SCHEMAS = {
    "entries": _schema(**_HEAD, event_id="text", type="text", outcome="text", moment="int", heard="int", **_EVENT),
    "said": _schema(**_HEAD, sentence="text"),
    "sent": _schema(**_HEAD, place="int", type="text", moment="int", due="int", **_SENT),
    "states": _schema(order_id="text", commercial="text", headline="text", moved="int"),
    "work": _schema(order_id="text", department="text", status="text"),
    "checks": _schema(**_HEAD, rule="text"),
}
